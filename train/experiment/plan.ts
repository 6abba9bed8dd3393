import { UserError } from "../../engine/errors.ts";
import type { Row } from "./config.ts";

/** One training run. */
export interface Run {
  readonly row: Row;
  /** 1, 2, ... */
  readonly seed: number;
  /** Name of its folder and its results: `method-seed2`. */
  readonly name: string;
}

export const runName = (row: string, seed: number): string => `${row}-seed${seed}`;

/** All runs, seed 1 of every row first, so that an experiment cut short covers every row. */
export function runsOf(rows: readonly Row[]): Run[] {
  const most = Math.max(...rows.map(({ seeds }) => seeds));
  return Array.from({ length: most }, (_, i) => i + 1).flatMap((seed) =>
    rows.filter(({ seeds }) => seed <= seeds).map((row) => ({ row, seed, name: runName(row.name, seed) })),
  );
}

/**
 * The rows of `--rows a,b`, by their own names or their groups'; all rows without it. Throws UserError for an unknown
 * name.
 */
export function chooseRows(rows: readonly Row[], chosen: readonly string[] | undefined): Row[] {
  const names = [...new Set(rows.flatMap(({ name, group }) => [name, group]))];
  const unknown = chosen?.find((name) => !names.includes(name));
  if (unknown !== undefined)
    throw new UserError(`--rows: '${unknown}' is not a row or group of the experiment; there are ${names.join(", ")}`);
  return rows.filter(({ name, group }) => !chosen || chosen.includes(name) || chosen.includes(group));
}

/** What the runs of one row cost. */
export interface RowCost {
  readonly runs: number;
  /** Seconds per training epoch. */
  readonly epochSeconds: number;
  /** Seconds per run for everything else: reading data, evaluating, testing. */
  readonly fixedSeconds: number;
}

/** Share of a budget that is planned for; the rest is for checkpoints, tables and other work on the machine. */
const PLANNED = 0.92;

/**
 * The number of epochs with which all runs fit into a budget,
 *
 *     epochs = floor((0.92 budget - shared - sum runs fixed) / sum runs epoch),
 *
 * the same for every row: the same data and the same number of updates.
 *
 * @param budget seconds
 * @param sharedSeconds what is done once for all runs: the timing at the end
 * @throws UserError with the smallest possible budget if not even one epoch fits
 */
export function epochsWithin(budget: number, rows: readonly RowCost[], sharedSeconds: number): number {
  const sum = (of: (row: RowCost) => number): number => rows.reduce((total, row) => total + row.runs * of(row), 0);
  const [fixed, epoch] = [
    sharedSeconds + sum(({ fixedSeconds }) => fixedSeconds),
    sum(({ epochSeconds }) => epochSeconds),
  ];
  const epochs = Math.floor((PLANNED * budget - fixed) / epoch);
  if (epochs >= 1) return epochs;
  const runs = sum(() => 1);
  throw new UserError(
    `--budget: ${format(budget)} minutes are too few for ${runs} runs; one epoch each needs ${Math.ceil((fixed + epoch) / PLANNED / 60)} minutes; choose fewer rows with --rows or fewer seeds with --seeds`,
  );
}

const format = (seconds: number): string => String(Number((seconds / 60).toPrecision(3)));
