import type { Device } from "../../engine/device.ts";
import type { TrainConfig } from "../../config/config.ts";
import type { RunObserver } from "../run/run_observer.ts";
import type { RowCost } from "./plan.ts";
import { TimedRow } from "./timed_row.ts";
import type { Workload } from "./workload.ts";

/** Evaluations on dev in one run. */
const EVALUATIONS = 4;

/** A row's cost, and what one round of measuring it at the end takes. */
export interface MeasuredCost extends RowCost {
  readonly roundSeconds: number;
}

/**
 * Measures what a run of each row takes: steps on batches of all sizes, and recognition of some utterances, on a model with new
 * weights, after a warm-up that compiles the kernels. Ends early when the signal is aborted, with the rows measured so far.
 */
export async function measureCosts(
  device: Device,
  rows: readonly { readonly name: string; readonly runs: number; readonly config: TrainConfig }[],
  workload: Workload,
  observer: RunObserver,
  signal: AbortSignal,
): Promise<Map<string, MeasuredCost>> {
  const { batches, typical, utterances, batchesPerEpoch, evaluated, readingSeconds } = workload;
  const costs = new Map<string, MeasuredCost>();
  const task = observer.task("measuring the rows", rows.length);
  for (const { name, runs, config } of rows) {
    if (signal.aborted) break;
    const row = new TimedRow(device, config, workload);
    try {
      await row.stepSeconds([batches[0] ?? typical, batches.at(-1) ?? typical]); // compiles
      const stepSeconds = await row.stepSeconds(batches);
      let recognition = 0;
      for (const path of row.paths) {
        await row.recogniseSeconds(utterances.slice(0, 8), path);
        recognition += await row.recogniseSeconds(utterances, path);
      }
      const fixedSeconds =
        readingSeconds + (recognition / utterances.length) * (EVALUATIONS * evaluated.dev + evaluated.tests);
      costs.set(name, {
        runs,
        epochSeconds: stepSeconds * batchesPerEpoch,
        fixedSeconds,
        roundSeconds: 2 * stepSeconds + recognition,
      });
    } finally {
      row.release();
    }
    task.update(costs.size, rows.length);
  }
  task.stop();
  return costs;
}
