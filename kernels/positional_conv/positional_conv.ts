import type { Tape } from "../../engine/tape.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { conv1d } from "../conv1d/conv1d.ts";
import { gelu } from "../pointwise/unary.ts";
import { weightNorm } from "../weight_norm/weight_norm.ts";

export interface PositionalConvWeights {
  /** `[channels, channels / groups, kernel]` */
  readonly v: Tensor;
  /** `[1, 1, kernel]` */
  readonly gain: Tensor;
  /** `[channels]` */
  readonly bias: Tensor;
}

/**
 * wav2vec2's positional embedding by convolution, to be added to its input: gelu(conv1d(x, gain · v / ‖v‖) + bias)
 * with half a kernel of zeros before the first frame, and enough after the last to keep the number of frames
 * (Baevski et al., "wav2vec 2.0", 2020).
 *
 * @param x `[batch, frames, channels]`
 * @returns same shape as x
 */
export function positionalConv(tape: Tape, x: Tensor, weights: PositionalConvWeights, groups: number): Tensor {
  const weight = weightNorm(tape, weights.v, weights.gain);
  const kernel = weight.shape[2] as number;
  const before = Math.floor(kernel / 2);
  return gelu(tape, conv1d(tape, x, weight, weights.bias, { groups, padding: [before, kernel - 1 - before] }));
}
