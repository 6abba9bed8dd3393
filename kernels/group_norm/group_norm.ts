import { expectFloat, expectRank, expectShape, ShapeError } from "../../engine/shape.ts";
import type { Tape } from "../../engine/tape.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { setStatistics, standardise, type Grouping } from "./standardise.ts";

export interface GroupNormOptions {
  /** Divides the channels. */
  readonly groups: number;
  /** Added to the population variance; default 1e-5. */
  readonly eps?: number;
}

/**
 * Normalises each group of neighbouring channels of each utterance, over all its frames, to zero mean and unit variance,
 * then scales and shifts each channel (Wu, He, "Group Normalization", 2018).
 *
 * @param x     `[batch, frames, channels]`
 * @param scale `[channels]`
 * @param shift `[channels]`
 * @returns     same shape as x
 */
export function groupNorm(tape: Tape, x: Tensor, scale: Tensor, shift: Tensor, options: GroupNormOptions): Tensor {
  const { groups, eps = 1e-5 } = options;
  expectFloat("groupNorm", "x", x);
  expectRank("groupNorm", "x", x, 3);
  const [batch, frames, channels] = x.shape as [number, number, number];
  expectShape("groupNorm", "scale", scale, [channels]);
  expectShape("groupNorm", "shift", shift, [channels]);
  if (!Number.isInteger(groups) || groups < 1 || channels % groups !== 0)
    throw new ShapeError("groupNorm", "groups", `a divisor of ${channels} channels`, String(groups));
  const grouping: Grouping = {
    batch,
    frames,
    channels,
    width: channels / groups,
    utterancesPerSet: 1,
    lengths: undefined,
  };
  return standardise(tape, "groupNorm", x, setStatistics(tape, x, grouping), { scale, shift, eps }, grouping);
}
