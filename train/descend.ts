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

/**
 * Encodes backward from a loss and, with `update`, the optimiser. Gradients accumulate until an update, each divided by the number
 * of accumulated batches.
 *
 * @returns one-element tensors under the log's names: gradNorm, and with a loss scale also lossScale and skippedSteps
 */
export function descend(
  tape: Tape,
  loss: Tensor,
  { parameters, lossScale }: Pick<Built<unknown>, "parameters"> & { readonly lossScale?: Tensor | undefined },
  { batch: { accumulate }, optimizer }: DescentConfig,
  update: Update | undefined,
  phase: Phase = untimed,
): Record<"gradNorm" | "lossScale" | "skippedSteps", Tensor | undefined> {
  phase("encode backward", () => tape.backward(loss, initialGradient(tape, accumulate, lossScale)));
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

/** dL/dL, divided by the number of accumulated batches and multiplied by the loss scale; undefined for 1. */
function initialGradient(tape: Tape, accumulate: number, lossScale: Tensor | undefined): Tensor | undefined {
  if (!lossScale) return accumulate === 1 ? undefined : tape.filled([], 1 / accumulate);
  return accumulate === 1 ? lossScaleOf(lossScale) : scaled(tape, lossScaleOf(lossScale), 1 / accumulate);
}
