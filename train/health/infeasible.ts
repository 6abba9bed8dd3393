import type { CtcModel } from "../../model/ctc_model.ts";
import type { Batch } from "../../data/batches/batch.ts";
import { framesNeeded } from "../../data/manifest/validate.ts";

/**
 * The utterances of a batch that are too short for their texts, so that their CTC loss counts as 0: augmentation can make one
 * so that was long enough when it was read.
 */
export function countInfeasible(
  { lengths, maxLabels, targets, targetLengths }: Batch,
  model: Pick<CtcModel, "outputFrames">,
): number {
  return lengths.reduce((count, frames, row) => {
    const labels = targets.subarray(row * maxLabels, row * maxLabels + (targetLengths[row] as number));
    return count + Number(model.outputFrames(frames) < Math.max(1, framesNeeded(labels)));
  }, 0);
}
