import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import type { Device } from "../../engine/device.ts";
import { UserError } from "../../engine/errors.ts";
import { writeAtomically } from "../../data/files/atomic_file.ts";
import { loadCheckpoint } from "../../checkpoint/checkpoint_file.ts";
import type { TrainConfig } from "../../config/config.ts";
import { BEST_FILE } from "../run/kept_checkpoints.ts";
import type { RunObserver } from "../run/run_observer.ts";
import { TimedRow } from "./timed_row.ts";
import type { Workload } from "./workload.ts";

/** Steps per row in one round. */
const STEPS = 3;

const bytes = z.number();
const timesSchema = z.object({
  format: z.literal("unfold-experiment-times/1"),
  adapter: z.string(),
  rounds: z.number(),
  /** What steps were timed with. */
  batch: z.object({ size: z.number(), frames: z.number() }),
  rows: z.record(
    z.string(),
    z.object({
      /** Milliseconds per training step: the median of the rounds. */
      stepMs: z.number(),
      memory: z.object({ parameters: bytes, optimizer: bytes, activations: bytes, total: bytes }),
      /** By depth, seconds of recognition per second of audio: the median of the rounds. */
      realTimeFactor: z.record(z.string(), z.number()),
    }),
  ),
});

export type Times = z.output<typeof timesSchema>;

const fileOf = (out: string): string => join(out, "times.json");

/** The latest times; undefined if there are none yet. Throws UserError if the file is something else. */
export function readTimes(out: string): Times | undefined {
  const file = fileOf(out);
  if (!existsSync(file)) return undefined;
  try {
    return timesSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch {
    throw new UserError(
      `${file}: does not hold the times of an experiment; delete it and measure them again with --times-only`,
    );
  }
}

/**
 * Measures all rows in turn, round after round, so that they are compared under the same conditions even on a machine
 * that is busy at times: the training step on one batch, and recognition of the same utterances at each depth. Memory is
 * counted once.
 *
 * @param rows each with the folder of a finished run
 * @returns undefined if the signal was aborted before the end: half the rounds would compare nothing
 */
export async function measureTimes(
  device: Device,
  rows: readonly { readonly name: string; readonly config: TrainConfig; readonly folder: string }[],
  workload: Workload,
  rounds: number,
  observer: RunObserver,
  signal: AbortSignal,
): Promise<Times | undefined> {
  const { typical, utterances, seconds } = workload;
  const timed: {
    name: string;
    row: TimedRow;
    memory: Times["rows"][string]["memory"];
    steps: number[];
    factors: Map<number, number[]>;
  }[] = [];
  const task = observer.task("measuring times", (rounds + 1) * rows.length);
  try {
    for (const { name, config, folder } of rows) {
      const checkpoint = loadCheckpoint(join(folder, BEST_FILE));
      const row = new TimedRow(device, config, workload, checkpoint);
      checkpoint.close();
      timed.push({
        name,
        row,
        memory: await row.memory(typical),
        steps: [],
        factors: new Map(row.paths.map(({ depth }) => [depth, []])),
      });
      for (const path of row.paths) await row.recogniseSeconds(utterances, path); // compiles, like the steps above
      task.update(timed.length, (rounds + 1) * rows.length);
    }
    for (let round = 0; round < rounds; round++)
      for (const [i, { row, steps, factors }] of timed.entries()) {
        if (signal.aborted) return undefined;
        steps.push(1000 * (await row.stepSeconds(Array.from({ length: STEPS }, () => typical))));
        for (const path of row.paths)
          factors.get(path.depth)?.push((await row.recogniseSeconds(utterances, path)) / seconds);
        task.update((round + 1) * rows.length + i + 1, (rounds + 1) * rows.length);
      }
  } finally {
    task.stop();
    for (const { row } of timed) row.release();
  }
  return {
    format: "unfold-experiment-times/1",
    adapter: device.info.name,
    rounds,
    batch: { size: typical.size, frames: typical.frames },
    rows: Object.fromEntries(
      timed.map(({ name, memory, steps, factors }) => [
        name,
        {
          stepMs: median(steps),
          memory,
          realTimeFactor: Object.fromEntries([...factors].map(([depth, values]) => [String(depth), median(values)])),
        },
      ]),
    ),
  };
}

/** Times with earlier ones of rows whose checkpoints are no longer there, if the same adapter measured them. */
export const withEarlier = (times: Times, earlier: Times | undefined): Times =>
  earlier?.adapter === times.adapter ? { ...times, rows: { ...earlier.rows, ...times.rows } } : times;

export function writeTimes(out: string, times: Times): void {
  writeAtomically(fileOf(out), Buffer.from(`${JSON.stringify(times, null, 2)}\n`));
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}
