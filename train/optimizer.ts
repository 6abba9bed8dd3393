import type { Parameters } from "../engine/parameters.ts";
import type { Tape } from "../engine/tape.ts";
import type { Tensor } from "../engine/tensor.ts";
import { adamw } from "../kernels/adamw/adamw.ts";
import { clipFactor, globalNorm } from "../kernels/grad_norm/grad_norm.ts";

export interface OptimizerConfig {
  readonly betas: readonly [number, number];
  readonly eps: number;
  readonly weightDecay: number;
  /** Weight decay also for norms and biases; by default they get none. */
  readonly decayAll?: boolean;
  /** Gradients are scaled down to this global norm. */
  readonly maxGradNorm: number;
}

/**
 * One AdamW step over all parameters (Loshchilov and Hutter, 2019): one norm over all gradients, one dispatch per decay
 * group. A gradient that is not finite leaves every parameter as it is. Gradients are zero afterwards.
 *
 * @param step counts from 1, for the bias corrections
 * @returns the gradients' norm before clipping, one element
 */
export function optimizerStep(tape: Tape, parameters: Parameters, config: OptimizerConfig, learningRate: number, step: number): Tensor {
  const ranges = parameters.ranges();
  const norm = globalNorm(tape, ranges.map(({ grads }) => grads));
  const gradientScale = clipFactor(tape, norm, config.maxGradNorm);
  for (const { decay, ...range } of ranges)
    adamw(tape, range, {
      learningRate,
      beta1: config.betas[0],
      beta2: config.betas[1],
      eps: config.eps,
      weightDecay: decay || config.decayAll ? config.weightDecay : 0,
      step,
      gradientScale,
    });
  parameters.zeroGrads();
  return norm;
}
