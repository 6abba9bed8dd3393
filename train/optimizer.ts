import type { Parameters } from "../engine/parameters.ts";
import type { Tape } from "../engine/tape.ts";
import type { Tensor } from "../engine/tensor.ts";
import { adamw } from "../kernels/adamw/adamw.ts";
import { clipFactor, globalNorm } from "../kernels/grad_norm/grad_norm.ts";
import { scaledUpdate } from "../kernels/loss_scale/loss_scale.ts";

export interface OptimizerConfig {
  readonly betas: readonly [number, number];
  readonly eps: number;
  readonly weightDecay: number;
  /** Also decay norms and biases, which by default are not decayed. */
  readonly decayAll?: boolean;
  /** Gradients are clipped to this global norm. */
  readonly maxGradNorm: number;
}

/**
 * One AdamW step over all parameters (Loshchilov and Hutter, 2019): one global gradient norm, one dispatch per decay
 * group. A non-finite gradient leaves all parameters unchanged. Gradients are zeroed afterwards.
 *
 * @param step      counts from 1, for the bias corrections
 * @param lossScale the factor the gradients were multiplied by; it is divided out, then adjusted, and counts its own
 *   steps
 * @returns the gradient norm before clipping, one element
 */
export function optimizerStep(
  tape: Tape,
  parameters: Parameters,
  config: OptimizerConfig,
  learningRate: number,
  step: number,
  lossScale?: Tensor,
): Tensor {
  const ranges = parameters.ranges();
  const [beta1, beta2] = config.betas;
  const raw = globalNorm(
    tape,
    ranges.map(({ grads }) => grads),
  );
  const { norm, ...update } = lossScale
    ? scaledUpdate(tape, lossScale, raw, { maxNorm: config.maxGradNorm, beta1, beta2 })
    : { norm: raw, gradientScale: clipFactor(tape, raw, config.maxGradNorm), step };
  for (const { decay, ...range } of ranges)
    adamw(tape, range, {
      learningRate,
      beta1,
      beta2,
      eps: config.eps,
      weightDecay: decay || config.decayAll ? config.weightDecay : 0,
      ...update,
    });
  parameters.zeroGrads();
  return norm;
}
