import type { Tape } from "../engine/tape.ts";
import type { Tensor } from "../engine/tensor.ts";
import { ctcLoss } from "../kernels/ctc_loss/ctc_loss.ts";
import type { Batch } from "./data/batch.ts";

/**
 * The CTC loss of each utterance of a batch along each path, natural logarithm; 0 where the labels cannot be aligned. What
 * it needs on the way is given back at once, and before anything else of the logits' size is made.
 *
 * @param logits  of each path, `[batch, frames, classes]`
 * @param lengths i32 `[batch]`: real frames of the logits
 * @returns       `[batch]` for each path
 */
export function utteranceLosses(
  tape: Tape,
  logits: readonly Tensor[],
  lengths: Tensor,
  batch: Pick<Batch, "size" | "maxLabels" | "targets" | "targetLengths">,
  blank: number,
): Tensor[] {
  const targets = tape.upload(batch.targets, [batch.size, batch.maxLabels]);
  const targetLengths = tape.upload(batch.targetLengths, [batch.size]);
  return logits.map((path) =>
    tape.scope(() => ctcLoss(tape, path, targets, lengths, targetLengths, { blank, reduction: "none" })),
  );
}
