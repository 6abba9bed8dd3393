import type { Device } from "../../engine/device.ts";
import type { TrainConfig } from "../../config/config.ts";
import type { RunObserver } from "../run/run_observer.ts";
import type { RowCost } from "./plan.ts";
import { TimedRow } from "./timed_row.ts";
import type { Workload } from "./workload.ts";

/** Dev evaluations in one run. */
const EVALUATIONS = 4;

/** A row's cost, and that of one round of timing it at the end. */
export interface MeasuredCost extends RowCost {
  readonly roundSeconds: number;
}

/**
 * Measures what a run of each row costs: steps on batches of all sizes and recognition of some utterances, with freshly
 * initialised weights, after a warm-up that compiles the kernels. Stops early when the signal is aborted and returns the
 * rows measured so far.
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
