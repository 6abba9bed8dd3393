import type { Tape } from "../../engine/tape.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { crossEntropy } from "../../kernels/cross_entropy/cross_entropy.ts";
import type { BuiltLanguageModel } from "../../checkpoint/language/build.ts";
import type { BatchShare } from "../../data/batches/share.ts";
import type { TextBatch } from "../../data/sentences/text_batch.ts";
import { descend, type DescentConfig, type Update } from "../descend.ts";
import { untimed, type Phase } from "../profile/phases.ts";

/**
 * Encodes one batch: forward, the mean over its tokens of -log p(next token), and `descend`.
 *
 * @param share what the batch is of the one that the loss is a mean over; undefined for all of it
 * @returns one-element tensors under the log's names: loss, gradNorm, and with a loss scale also lossScale and skippedSteps
 */
export function languageModelStep(
  tape: Tape,
  built: BuiltLanguageModel,
  { inputs, outputs, size, longest }: TextBatch,
  config: DescentConfig,
  update: Update | undefined,
  phase: Phase = untimed,
  share?: BatchShare,
): Record<string, Tensor | undefined> {
  const loss = phase("encode forward", () => {
    const [read, said] = [tape.upload(inputs, [size, longest]), tape.upload(outputs, [size, longest])];
    const logits = built.model.forward(tape, read);
    return tape.named("loss", () => crossEntropy(tape, logits, said));
  });
  return { loss, ...descend(tape, loss, built, config, update, phase, share?.weight) };
}
