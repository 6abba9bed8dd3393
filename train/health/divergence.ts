import type { Device } from "../../engine/device.ts";
import { RunError } from "../../engine/errors.ts";
import type { FloatType } from "../../engine/tensor.ts";
import type { BuiltModel } from "../../checkpoint/build_model.ts";
import type { TrainConfig } from "../../config/config.ts";
import { describeDiagnosis, diagnose, type SuspectBatch } from "./diagnosis.ts";
import type { MetricsRow } from "../../checkpoint/state.ts";

/**
 * The error for a batch whose loss or gradient is not finite. Reruns the batch to name the operation, the utterance and
 * the cause, as far as that shows them. A step with such a gradient is never applied, so the weights are still those it
 * was computed with, unless other batches followed.
 *
 * @param row the batch's metrics
 * @param saved the file with the current weights
 */
export async function divergenceError(
  device: Device,
  built: BuiltModel,
  config: TrainConfig,
  activation: FloatType,
  row: MetricsRow,
  suspect: SuspectBatch,
  saved: string,
): Promise<RunError> {
  const diagnosis = describeDiagnosis(await diagnose(device, built, config, activation, suspect), suspect.ids);
  return diverged(row, suspect.step, `in the batch of ${suspect.ids.join(", ")}: ${diagnosis}`, saved);
}

/**
 * The error itself.
 *
 * @param step  completed before the batch
 * @param where the batch, and what was found in it
 */
export function diverged({ loss, gradNorm }: MetricsRow, step: number, where: string, saved: string): RunError {
  const what = Number.isFinite(loss) ? `the gradient norm became ${gradNorm}` : `the loss became ${loss}`;
  return new RunError(
    `${what} at step ${step + 1}, ${where}; the current weights are in ${saved}, the last good checkpoint is untouched`,
  );
}
