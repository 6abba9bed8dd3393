import { overElements } from "../../engine/kernel/grid.ts";
import { defineKernel } from "../../engine/kernel/kernel.ts";
import { expectAxis, expectType, ShapeError, sizeOf } from "../../engine/shape.ts";
import type { Tape } from "../../engine/tape.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { gather } from "../embedding/gather.ts";

const kernel = defineKernel({
  file: new URL("./top_k.wgsl", import.meta.url),
  bindings: { x: "read", indices: "read_write" },
  sizes: { count: "u32", elements: "u32", inner: "u32", k: "u32" },
  workgroups: ({ elements }) => overElements(elements),
});

/**
 * The k largest elements along an axis, in descending order, and their indices (i32) in it; of equal ones the first comes first. The
 * gradient flows to the selected elements.
 */
export function topK(tape: Tape, x: Tensor, k: number, axis = -1): { values: Tensor; indices: Tensor } {
  expectType("topK", "x", x, "f32");
  const along = expectAxis("topK", axis, x.shape.length);
  const count = x.shape[along]!;
  if (!Number.isInteger(k) || k < 1 || k > count)
    throw new ShapeError("topK", "k", `a whole number from 1 to ${count}, the length of axis ${along}`, String(k));
  const indices = tape.empty(x.shape.with(along, k), "i32");
  const inner = sizeOf(x.shape.slice(along + 1));
  kernel.encode(tape, { x, indices }, { count, elements: x.size, inner, k }, {});
  return { values: gather(tape, x, indices, along), indices };
}
