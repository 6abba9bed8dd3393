import type { Tape } from "../engine/tape.ts";
import type { Tensor } from "../engine/tensor.ts";
import { addScaled } from "../kernels/pointwise/add_scaled.ts";
import type { CtcModel, FeatureMasks } from "../model/ctc_model.ts";
import { decoderTokens } from "../model/decoder/decoder_tokens.ts";
import {
  jointLoss,
  jointLossDefaults,
  sandwichTerms,
  type JointLoss,
  type JointLossConfig,
  type TokenTargets,
} from "../model/joint_loss.ts";
import type { TrainConfig } from "../config/config.ts";
import type { Batch } from "../data/batches/batch.ts";
import type { BatchMasks } from "../data/batches/feature_masks.ts";
import type { BatchShare } from "../data/batches/share.ts";
import { attentionName } from "./log/attention_name.ts";
import type { TrainingPath } from "./training_paths.ts";
import { descend, type Update } from "./descend.ts";
import type { BuiltModel } from "../checkpoint/build_model.ts";
import { untimed, type Phase } from "./profile/phases.ts";

/** A batch on a device. */
export interface DeviceBatch {
  /** `[batch, frames, bins]` */
  readonly features: Tensor;
  /** Frames of each utterance, without padding. */
  readonly lengths: readonly number[];
  /** i32 `[batch, maxLabels]` */
  readonly targets: Tensor;
  /** i32 `[batch]` */
  readonly targetLengths: Tensor;
  /** For models with a decoder: what it reads, and what it should say. */
  readonly tokens?: (TokenTargets & { readonly inputs: Tensor }) | undefined;
  readonly masks?: FeatureMasks | undefined;
}

/** Uploads a batch to tensors that the tape owns. All at once, since every group of copies splits a compute pass in two. */
export const uploadBatch = (tape: Tape, batch: Batch, { decoder }: Pick<CtcModel, "decoder">): DeviceBatch => ({
  features: tape.upload(batch.features, [batch.size, batch.frames, batch.bins]),
  lengths: [...batch.lengths],
  targets: tape.upload(batch.targets, [batch.size, batch.maxLabels]),
  targetLengths: tape.upload(batch.targetLengths, [batch.size]),
  tokens: decoder && uploadTokens(tape, batch, decoder.sentenceEnd),
  masks: batch.masks && uploadMasks(tape, batch.masks),
});

function uploadTokens(tape: Tape, { size, maxLabels, targets, targetLengths }: Batch, sentenceEnd: number) {
  const { inputs, outputs, lengths } = decoderTokens(targets, targetLengths, sentenceEnd);
  return {
    inputs: tape.upload(inputs, [size, maxLabels + 1]),
    outputs: tape.upload(outputs, [size, maxLabels + 1]),
    lengths: tape.upload(lengths, [size]),
  };
}

const uploadMasks = (tape: Tape, { time, channels, shapes }: BatchMasks): FeatureMasks => ({
  time: tape.upload(time, shapes.time),
  channels: channels && tape.upload(channels, shapes.channels),
});

/**
 * Encodes one batch without waiting for the device: forward along every path with common prefixes shared, joint loss,
 * backward and, with `update`, the optimiser. Gradients accumulate until an update, each divided by the number of
 * accumulated batches.
 *
 * @param share what the batch is of the one that the losses are means over; undefined for all of it
 * @returns one-element tensors under the log's names: loss, kl, gradNorm, the CTC (and attention) loss of each depth, and with a loss
 *   scale also lossScale and skippedSteps
 */
export function trainingStep(
  tape: Tape,
  { model, parameters, lossScale }: BuiltModel,
  { features, lengths, targets, targetLengths, tokens, masks }: DeviceBatch,
  paths: readonly TrainingPath[],
  config: TrainConfig,
  update: Update | undefined,
  phase: Phase = untimed,
  share?: BatchShare,
): Record<string, Tensor | undefined> {
  const schedules = paths.map(({ schedule }) => schedule);
  const loss = phase("encode forward", () => {
    const output = model.forward(tape, features, lengths, schedules, {
      checkpointing: config.unfold.checkpointing === true,
      tokens: tokens?.inputs,
      masks,
      depths: paths.map(({ depth }) => depth),
      residualScales: paths.map(({ residualScales }) => residualScales),
    });
    const batch = { targets, targetLengths, lengths: output.deviceLengths, tokens };
    const terms = sandwichTerms(config.loss, paths.length).map((usual, i) => ({ ...usual, ...paths[i] }));
    return tape.named("loss", () => jointLoss(tape, output, batch, lossConfig(config, model, share), terms));
  });

  const descended = descend(tape, loss.total, { parameters, lossScale }, config, update, phase, share?.weight);
  return {
    loss: loss.total,
    kl: klOf(tape, loss),
    ...descended,
    ...Object.fromEntries(
      paths.flatMap(({ depth }, i) => [
        [String(depth), loss.ctc[i]],
        [attentionName(depth), loss.attention?.[i]],
      ]),
    ),
  };
}

function lossConfig(
  { loss }: TrainConfig,
  { config: { blank } }: Pick<CtcModel, "config">,
  share: BatchShare | undefined,
): JointLossConfig {
  const { ctcWeight, labelSmoothing } = jointLossDefaults; // not used without a decoder, where the config has null
  return {
    ...loss,
    blank,
    ctcWeight: loss.ctcWeight ?? ctcWeight,
    labelSmoothing: loss.labelSmoothing ?? labelSmoothing,
    klFactors: share && loss.klReduction === "frames" ? { ctc: share.frames, attention: share.tokens } : undefined,
  };
}

/** CTC's and the decoder's divergence together, as they enter the loss. */
const klOf = (tape: Tape, { kl, klAttention }: JointLoss): Tensor | undefined =>
  kl && klAttention ? addScaled(tape, kl, klAttention, 1) : (kl ?? klAttention);
