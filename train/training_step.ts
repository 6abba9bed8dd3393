import type { Tape } from "../engine/tape.ts";
import type { Tensor } from "../engine/tensor.ts";
import { lossScaleOf, skippedStepsOf } from "../kernels/loss_scale/loss_scale.ts";
import { scaled } from "../kernels/pointwise/unary.ts";
import type { FeatureMasks } from "../model/ctc_model.ts";
import { jointLoss, sandwichTerms } from "../model/joint_loss.ts";
import type { TrainConfig } from "../config/config.ts";
import type { Batch } from "../data/batches/batch.ts";
import type { BatchMasks } from "../data/batches/feature_masks.ts";
import type { TrainingPath } from "./training_paths.ts";
import { optimizerStep } from "./optimizer.ts";
import type { BuiltModel } from "../checkpoint/build_model.ts";
import { untimed, type Phase } from "./profile/phases.ts";

export interface Update {
  readonly learningRate: number;
  /** Counts from 1. */
  readonly step: number;
}

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
  readonly masks?: FeatureMasks | undefined;
}

/** Uploads a batch to tensors that the tape owns. All at once, since every group of copies splits a compute pass in two. */
export const uploadBatch = (tape: Tape, batch: Batch): DeviceBatch => ({
  features: tape.upload(batch.features, [batch.size, batch.frames, batch.bins]),
  lengths: [...batch.lengths],
  targets: tape.upload(batch.targets, [batch.size, batch.maxLabels]),
  targetLengths: tape.upload(batch.targetLengths, [batch.size]),
  masks: batch.masks && uploadMasks(tape, batch.masks),
});

const uploadMasks = (tape: Tape, { time, channels, shapes }: BatchMasks): FeatureMasks => ({
  time: tape.upload(time, shapes.time),
  channels: channels && tape.upload(channels, shapes.channels),
});

/**
 * Encodes one batch without waiting for the device: forward along every path with common prefixes shared, joint loss,
 * backward and, with `update`, the optimiser. Gradients accumulate until an update, each divided by the number of
 * accumulated batches.
 *
 * @returns one-element tensors under the log's names: loss, kl, gradNorm, the CTC loss of each depth, and with a loss
 *   scale also lossScale and skippedSteps
 */
export function trainingStep(
  tape: Tape,
  { model, parameters, lossScale }: BuiltModel,
  { features, lengths, targets, targetLengths, masks }: DeviceBatch,
  paths: readonly TrainingPath[],
  config: TrainConfig,
  update: Update | undefined,
  phase: Phase = untimed,
): Record<string, Tensor | undefined> {
  const schedules = paths.map(({ schedule }) => schedule);
  const loss = phase("encode forward", () => {
    const output = model.forward(tape, features, lengths, schedules, {
      checkpointing: config.unfold.checkpointing,
      masks,
      residualScales: paths.map(({ residualScales }) => residualScales),
    });
    const batch = { targets, targetLengths, lengths: output.deviceLengths };
    const terms = sandwichTerms(config.loss, paths.length).map((usual, i) => ({ ...usual, ...paths[i] }));
    return tape.named("loss", () =>
      jointLoss(tape, output.logits, batch, { ...config.loss, blank: model.config.blank }, terms),
    );
  });

  phase("encode backward", () => tape.backward(loss.total, initialGradient(tape, config.batch.accumulate, lossScale)));
  const gradNorm =
    update &&
    phase("optimizer", () =>
      tape.named("optimizer", () =>
        optimizerStep(tape, parameters, config.optimizer, update.learningRate, update.step, lossScale),
      ),
    );
  const scaling = lossScale && { lossScale: lossScaleOf(lossScale), skippedSteps: skippedStepsOf(lossScale) };
  return {
    loss: loss.total,
    kl: loss.kl,
    gradNorm,
    ...scaling,
    ...Object.fromEntries(paths.map(({ depth }, i) => [String(depth), loss.ctc[i]])),
  };
}

/** dL/dL, divided by the number of accumulated batches and multiplied by the loss scale; undefined for 1. */
function initialGradient(tape: Tape, accumulate: number, lossScale: Tensor | undefined): Tensor | undefined {
  if (!lossScale) return accumulate === 1 ? undefined : tape.filled([], 1 / accumulate);
  return accumulate === 1 ? lossScaleOf(lossScale) : scaled(tape, lossScaleOf(lossScale), 1 / accumulate);
}
