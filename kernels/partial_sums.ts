import type { Device } from "../engine/device.ts";
import { defineKernel, spread } from "../engine/kernel.ts";
import type { Tensor } from "../engine/tensor.ts";

const partialSums = defineKernel({
  file: new URL("./partial_sums.wgsl", import.meta.url),
  bindings: { partial: "read", total: "read_write" },
  sizes: { chunks: "u32", stride: "u32", offset: "u32", count: "u32" },
  workgroups: ({ count }) => spread(count, 32),
});

/**
 * total += Σ over chunks of `partial`'s columns from `offset` on: the second stage of every reduction to a parameter.
 *
 * @param partial `[chunks, columns]`: what each chunk of the first stage summed, for one or more parameters side by side
 * @param total   any shape; takes `total.size` columns
 */
export function addPartialSums(on: { readonly device: Device }, partial: Tensor, total: Tensor, offset = 0): void {
  const [chunks, stride] = partial.shape as [number, number];
  partialSums.encode(on, { partial, total }, { chunks, stride, offset, count: total.size }, {});
}
