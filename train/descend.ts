import type { Tape } from "../engine/tape.ts";
import type { Tensor } from "../engine/tensor.ts";
import { lossScaleOf, skippedStepsOf } from "../kernels/loss_scale/loss_scale.ts";
import { scaled } from "../kernels/pointwise/unary.ts";
import type { Built } from "../checkpoint/build_model.ts";
import { optimizerStep, type OptimizerConfig } from "./optimizer.ts";
import { untimed, type Phase } from "./profile/phases.ts";

export interface Update {
  readonly learningRate: number;
  /** Counts from 1. */
  readonly step: number;
}

export interface DescentConfig {
  readonly batch: { readonly accumulate: number };
  readonly optimizer: OptimizerConfig;
}

/** What descends: a model's parameters, and its loss scale. */
export type Descending = Pick<Built<unknown>, "parameters"> & { readonly lossScale?: Tensor | undefined };

/**
 * Encodes backward from a loss and, with `update`, the optimiser. Gradients accumulate until an update, each divided by the number
 * of accumulated batches.
 *
 * @param weight of the loss: below 1 where the batch is a share of the one that the loss is a mean over
 * @returns one-element tensors under the log's names: gradNorm, and with a loss scale also lossScale and skippedSteps
 */
export function descend(
  tape: Tape,
  loss: Tensor,
  { parameters, lossScale }: Descending,
  { batch: { accumulate }, optimizer }: DescentConfig,
  update: Update | undefined,
  phase: Phase = untimed,
  weight = 1,
): Descended {
  phase("encode backward", () => tape.backward(loss, initialGradient(tape, weight / accumulate, lossScale)));
  return optimise(tape, { parameters, lossScale }, optimizer, update, phase);
}

/** What a step has besides its losses: one-element tensors under the log's names. */
export type Descended = Record<"gradNorm" | "lossScale" | "skippedSteps", Tensor | undefined>;

/** Encodes the optimiser, if there is an `update`. */
export function optimise(
  tape: Tape,
  { parameters, lossScale }: Descending,
  optimizer: OptimizerConfig,
  update: Update | undefined,
  phase: Phase = untimed,
): Descended {
  const gradNorm =
    update &&
    phase("optimizer", () =>
      tape.named("optimizer", () =>
        optimizerStep(tape, parameters, optimizer, update.learningRate, update.step, lossScale),
      ),
    );
  return {
    gradNorm,
    lossScale: lossScale && lossScaleOf(lossScale),
    skippedSteps: lossScale && skippedStepsOf(lossScale),
  };
}

/** dL/dL: a factor, multiplied by the loss scale; undefined for 1. */
function initialGradient(tape: Tape, factor: number, lossScale: Tensor | undefined): Tensor | undefined {
  if (!lossScale) return factor === 1 ? undefined : tape.filled([], factor);
  return factor === 1 ? lossScaleOf(lossScale) : scaled(tape, lossScaleOf(lossScale), factor);
}
