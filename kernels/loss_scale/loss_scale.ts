import type { Device } from "../../engine/device.ts";
import { defineKernel } from "../../engine/kernel/kernel.ts";
import { expectShape } from "../../engine/shape.ts";
import type { Tape } from "../../engine/tape.ts";
import { Tensor } from "../../engine/tensor.ts";
import { tensor } from "../../engine/transfer.ts";

const update = defineKernel({
  file: new URL("./update.wgsl", import.meta.url),
  bindings: {
    norm: "read",
    state: "read_write",
    gradient_scale: "read_write",
    corrections: "read_write",
    unscaled_norm: "read_write",
  },
  sizes: { max_norm: "f32", log_beta1: "f32", log_beta2: "f32", growth_interval: "f32" },
  workgroups: () => [1],
});

/** The state of a loss scale, as a checkpoint stores it. */
export interface LossScaleState {
  /** The factor of the loss before backward: a power of two. */
  readonly scale: number;
  /** Finite steps since the scale last changed. */
  readonly goodSteps: number;
  /** Steps that changed the parameters, as the bias corrections count them. */
  readonly updates: number;
  /** Steps whose gradient was not finite. */
  readonly skipped: number;
}

/**
 * A dynamic loss scale on the device, `[4]`, owned by the caller (Micikevicius et al., "Mixed precision training", 2018):
 * with the loss multiplied by it, small f16 gradients of activations do not vanish. `scaledUpdate` updates it, without a
 * readback.
 */
export function newLossScale(
  device: Device,
  { scale = 65536, goodSteps = 0, updates = 0, skipped = 0 }: Partial<LossScaleState> = {},
): Tensor {
  return tensor(device, [scale, goodSteps, updates, skipped], [4]);
}

/** Names the numbers read from a loss scale. */
export function lossScaleState(numbers: ArrayLike<number>): LossScaleState {
  const [scale = 0, goodSteps = 0, updates = 0, skipped = 0] = Array.from(numbers);
  return { scale, goodSteps, updates, skipped };
}

/** The scale itself, `[]`, a view: the gradient to start backward with, for an unscaled loss. */
export function lossScaleOf(state: Tensor): Tensor {
  return new Tensor([], "f32", state.storage, { offset: state.offset });
}

/** The number of steps skipped so far, `[]`, a view to copy from: no kernel can bind it, as its offset is not a multiple of 256. */
export function skippedStepsOf(state: Tensor): Tensor {
  return new Tensor([], "f32", state.storage, { offset: state.offset + 12 });
}

export interface ScaledUpdateOptions {
  /** Gradients are clipped to this norm, after the loss scale is divided out. */
  readonly maxNorm: number;
  readonly beta1: number;
  readonly beta2: number;
  /** Finite steps in a row after which the scale doubles. Default 2000. */
  readonly growthInterval?: number;
}

/** The `gradientScale` and `step` of `adamw`, and the norm to log. */
export interface ScaledUpdate {
  /** `[1]`: removes the loss scale and clips; -1 skips the step. */
  readonly gradientScale: Tensor;
  /** `[2]` */
  readonly step: Tensor;
  /** `[1]`: the norm of the gradients without the loss scale, not finite where the step is skipped. */
  readonly norm: Tensor;
}

/**
 * Decides on the device about one optimiser step with a dynamic loss scale, and updates the scale: halved after a gradient
 * that is not finite, doubled after `growthInterval` finite ones, as torch.amp.GradScaler does.
 *
 * @param state `[4]`: the scale and its counts, as they were when the loss was scaled
 * @param norm  `[1]`: the norm of the scaled gradients, from `globalNorm`
 */
export function scaledUpdate(tape: Tape, state: Tensor, norm: Tensor, options: ScaledUpdateOptions): ScaledUpdate {
  expectShape("scaledUpdate", "state", state, [4]);
  expectShape("scaledUpdate", "norm", norm, [1]);
  const { maxNorm, beta1, beta2, growthInterval = 2000 } = options;
  const [gradientScale, step, unscaled] = [tape.empty([1]), tape.empty([2]), tape.empty([1])];
  update.encode(
    tape,
    { norm, state, gradient_scale: gradientScale, corrections: step, unscaled_norm: unscaled },
    { max_norm: maxNorm, log_beta1: Math.log(beta1), log_beta2: Math.log(beta2), growth_interval: growthInterval },
    {},
  );
  return { gradientScale, step, norm: unscaled };
}
