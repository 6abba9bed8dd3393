import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { UserError } from "../../engine/errors.ts";
import { writeAtomically } from "../../data/files/atomic_file.ts";
import type { Experiment, RunLength } from "./config.ts";

const schema = z.object({
  format: z.literal("unfold-experiment/1"),
  /** What the rows are trained on: the corpus's options, or the given folder. */
  data: z.unknown(),
  /** Epochs of every run if --budget chose them; null if the config does. */
  epochs: z.int().min(1).nullable(),
  /** The --budget, and the measured cost of each row. */
  budget: z
    .object({
      minutes: z.number(),
      rows: z.record(z.string(), z.object({ runs: z.number(), epochSeconds: z.number(), fixedSeconds: z.number() })),
    })
    .nullable(),
});

/** What is decided once for all runs of an experiment, however often it is resumed. */
export type ExperimentState = z.output<typeof schema>;

const fileOf = (out: string): string => join(out, "experiment.json");

/**
 * The state of the experiment in a folder; undefined for a new one.
 *
 * @throws UserError if the file is invalid or was written for other data
 */
export function readState(
  out: string,
  experiment: Experiment,
  dataFolder: string | undefined,
): ExperimentState | undefined {
  const file = fileOf(out);
  if (!existsSync(file)) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, "utf8"));
  } catch {
    /* reported below */
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success)
    throw new UserError(`${file}: is not the state of an experiment; choose another folder with --out`);
  const now = JSON.stringify(dataOf(experiment, dataFolder));
  const then = JSON.stringify(parsed.data.data);
  if (then !== now)
    throw new UserError(
      `${out} holds an experiment on other data, ${then}, not ${now}: choose another folder with --out`,
    );
  return parsed.data;
}

export function writeState(
  out: string,
  experiment: Experiment,
  dataFolder: string | undefined,
  epochs: RunLength,
  budget: ExperimentState["budget"],
): void {
  const state: ExperimentState = {
    format: "unfold-experiment/1",
    data: dataOf(experiment, dataFolder),
    epochs,
    budget,
  };
  writeAtomically(fileOf(out), Buffer.from(`${JSON.stringify(state, null, 2)}\n`));
}

/** Generated corpora are the same in every folder. */
const dataOf = ({ corpus }: Experiment, given: string | undefined): unknown =>
  given === undefined ? (corpus ?? "of the training config") : given;
