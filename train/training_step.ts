import type { Parameters } from "../engine/parameters.ts";
import type { Tape } from "../engine/tape.ts";
import type { Tensor } from "../engine/tensor.ts";
import type { ConformerCtc } from "../model/conformer_ctc.ts";
import { jointLoss } from "../model/joint_loss.ts";
import type { TrainConfig } from "./config.ts";
import type { Batch } from "./data/batch.ts";
import type { DepthPath } from "./depths.ts";
import { optimizerStep } from "./optimizer.ts";

export interface Update {
  readonly learningRate: number;
  /** Counts from 1. */
  readonly step: number;
}

/**
 * One batch: forward along every path with common prefixes shared, joint loss, backward, and with `update` the optimiser.
 * Everything is encoded and nothing is waited for; gradients stay until an update, and are divided by the parts of a step.
 *
 * @returns one-element tensors on the tape, by the names of the log: loss, kl, gradNorm, and the CTC loss of each depth
 */
export function trainingStep(
  tape: Tape,
  { model, parameters }: { readonly model: ConformerCtc; readonly parameters: Parameters },
  batch: Batch,
  paths: readonly DepthPath[],
  config: TrainConfig,
  update: Update | undefined,
): Record<string, Tensor | undefined> {
  const features = tape.upload(batch.features, [batch.size, batch.frames, batch.bins]);
  const { logits, deviceLengths: lengths } = model.forward(tape, features, [...batch.lengths], paths.map(({ schedule }) => schedule), {
    checkpointing: config.unfold.checkpointing,
  });

  const targets = tape.upload(batch.targets, [batch.size, batch.maxLabels]);
  const targetLengths = tape.upload(batch.targetLengths, [batch.size]);
  const loss = jointLoss(tape, logits, { targets, targetLengths, lengths }, { ...config.loss, blank: model.config.blank });

  const parts = config.batch.accumulate;
  tape.backward(loss.total, parts === 1 ? undefined : tape.filled(loss.total.shape, 1 / parts));
  const gradNorm = update && optimizerStep(tape, parameters, config.optimizer, update.learningRate, update.step);
  return { loss: loss.total, kl: loss.kl, gradNorm, ...Object.fromEntries(paths.map(({ depth }, i) => [String(depth), loss.ctc[i]])) };
}
