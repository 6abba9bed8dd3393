import type { Device } from "../engine/device.ts";
import { defineKernel, spread } from "../engine/kernel/kernel.ts";
import type { Tape } from "../engine/tape.ts";
import { release, type Tensor } from "../engine/tensor.ts";
import { emptyTensor } from "../engine/transfer.ts";
import { defineVariants } from "../engine/tuning/variants.ts";

const variants = defineVariants("partial_sums", {
  variants: { thread_column: {}, shared_columns: {} },
  defaults: ({ chunks }: { readonly chunks: number; readonly columns: number }, { isSoftware }) => [
    isSoftware || chunks < 16 ? "thread_column" : "shared_columns",
  ],
});

const declaration = {
  bindings: { partial: "read", total: "read_write", more: "read_write" },
  sizes: { chunks: "u32", stride: "u32", offset: "u32", count: "u32", more_count: "u32" },
  workgroups: ({ count, more_count }: { readonly count: number; readonly more_count: number }) =>
    spread(count + more_count, 32),
} as const;

const kernels = {
  thread_column: defineKernel({ ...declaration, file: new URL("./partial_sums.wgsl", import.meta.url) }),
  shared_columns: defineKernel({ ...declaration, file: new URL("./partial_sums_shared.wgsl", import.meta.url) }),
};

/**
 * total += Σ over chunks of `partial`'s columns from `offset` on: the second stage of every reduction to a parameter.
 *
 * @param partial `[chunks, columns]`: the sums of each chunk of the first stage, for one or more parameters side by side
 * @param total   any shape; takes `total.size` columns. Two of them take neighbouring columns, in one dispatch
 */
export function addPartialSums(
  on: { readonly device: Device },
  partial: Tensor,
  total: Tensor | readonly [Tensor, Tensor],
  offset = 0,
): void {
  const [chunks, stride] = partial.shape as [number, number];
  const [first, second] = "shape" in total ? [total] : total;
  // A dummy is bound for an absent second one; it is not written.
  const more = second ?? emptyTensor(on.device, [1]);
  const sizes = { chunks, stride, offset, count: first.size, more_count: second?.size ?? 0 };
  const variant = variants.choose(on.device, { chunks, columns: sizes.count + sizes.more_count });
  kernels[variant].encode(on, { partial, total: first, more }, sizes, {});
  if (!second) release(more);
}

/**
 * Adds the columns of `partial` to the gradients of two parameters that lie side by side in it, `second` after `first`;
 * one that is absent or needs no gradient is left out.
 */
export function addToGradients(tape: Tape, partial: Tensor, first: Tensor, second?: Tensor): void {
  const both = first.needsGrad && second?.needsGrad;
  if (both) addPartialSums(tape, partial, [tape.gradientOf(first), tape.gradientOf(second)]);
  else if (first.needsGrad) addPartialSums(tape, partial, tape.gradientOf(first));
  else if (second?.needsGrad) addPartialSums(tape, partial, tape.gradientOf(second), first.size);
}
