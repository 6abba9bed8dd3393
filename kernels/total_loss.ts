import { defineKernel } from "../engine/kernel/kernel.ts";
import type { Tape } from "../engine/tape.ts";
import type { Tensor } from "../engine/tensor.ts";

const kernel = defineKernel({
  file: new URL("./total_loss.wgsl", import.meta.url),
  bindings: { losses: "read", weights: "read", total: "read_write", normaliser: "read_write" },
  sizes: { count: "u32", factor: "f32", mean: "u32" },
  workgroups: () => [1],
});

/** One number from many losses, and the factor for its backward rule: dloss_i = dtotal · normaliser · weight_i. */
export interface TotalLoss {
  /** `[]` */
  readonly total: Tensor;
  /** `[1]` */
  readonly normaliser: Tensor;
}

/**
 * normaliser · Σ weight · loss, for the losses that share it; not differentiable by itself.
 *
 * @param losses  `[…]`, one a frame, target or utterance; finite wherever the weight is 0
 * @param weights same size: 0 for those that do not count
 * @param options factor: the normaliser, default 1; mean: divide it by Σ weight, or make it 0 if that is 0
 */
export function totalLoss(
  tape: Tape,
  losses: Tensor,
  weights: Tensor,
  options: { factor?: number; mean?: boolean } = {},
): TotalLoss {
  const { factor = 1, mean = false } = options;
  const total = tape.empty([]);
  const normaliser = tape.empty([1]);
  kernel.encode(tape, { losses, weights, total, normaliser }, { count: losses.size, factor, mean: Number(mean) }, {});
  return { total, normaliser };
}
