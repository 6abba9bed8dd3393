import { defineKernel, spread } from "../../engine/kernel/kernel.ts";
import { expectAxis, expectType, ShapeError, showShape, sizeOf } from "../../engine/shape.ts";
import type { Tape } from "../../engine/tape.ts";
import type { Tensor } from "../../engine/tensor.ts";

const kernel = defineKernel({
  file: new URL("./argmax.wgsl", import.meta.url),
  bindings: { x: "read", y: "read_write" },
  sizes: { results: "u32", count: "u32", inner: "u32" },
  workgroups: ({ results }) => spread(results, 32),
});

/** The index (i32) of the largest element along an axis, which is dropped; of several equal ones the first. */
export function argmax(tape: Tape, x: Tensor, axis = -1): Tensor {
  expectType("argmax", "x", x, "f32");
  const along = expectAxis("argmax", axis, x.shape.length);
  const count = x.shape[along]!;
  if (count === 0) throw new ShapeError("argmax", "x", "at least one element along the axis", showShape(x.shape));
  const y = tape.empty(x.shape.toSpliced(along, 1), "i32");
  kernel.encode(tape, { x, y }, { results: y.size, count, inner: sizeOf(x.shape.slice(along + 1)) }, {});
  return y;
}
