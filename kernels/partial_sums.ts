import type { Device } from "../engine/device.ts";
import { defineKernel, spread } from "../engine/kernel.ts";
import { emptyTensor, release, type Tensor } from "../engine/tensor.ts";

const partialSums = defineKernel({
  file: new URL("./partial_sums.wgsl", import.meta.url),
  bindings: { partial: "read", total: "read_write", more: "read_write" },
  sizes: { chunks: "u32", stride: "u32", offset: "u32", count: "u32", more_count: "u32" },
  workgroups: ({ count, more_count }) => spread(count + more_count, 32),
});

/**
 * total += Σ over chunks of `partial`'s columns from `offset` on: the second stage of every reduction to a parameter.
 *
 * @param partial `[chunks, columns]`: what each chunk of the first stage summed, for one or more parameters side by side
 * @param total   any shape; takes `total.size` columns. Two of them take neighbouring columns, in one dispatch
 */
export function addPartialSums(on: { readonly device: Device }, partial: Tensor, total: Tensor | readonly [Tensor, Tensor], offset = 0): void {
  const [chunks, stride] = partial.shape as [number, number];
  const [first, second] = "shape" in total ? [total] : total;
  // Something must be bound in the place of an absent second one; it is not written.
  const more = second ?? emptyTensor(on.device, [1]);
  partialSums.encode(on, { partial, total: first, more }, { chunks, stride, offset, count: first.size, more_count: second?.size ?? 0 }, {});
  if (!second) release(more);
}
