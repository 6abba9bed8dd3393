import { defineKernel } from "../../engine/kernel/kernel.ts";
import { sizeOf } from "../../engine/shape.ts";
import type { Tape } from "../../engine/tape.ts";
import { Tensor } from "../../engine/tensor.ts";
import { mergeAxes, padAxes } from "../axes.ts";
import { overElements } from "../../engine/kernel/grid.ts";
import type { View } from "./view.ts";

const MAX_RANK = 5;

const kernel = defineKernel({
  file: new URL("./strided_copy.wgsl", import.meta.url),
  bindings: { x: "read", y: "read_write" },
  sizes: {
    count: "u32",
    n1: "u32",
    n2: "u32",
    n3: "u32",
    n4: "u32",
    s0: "i32",
    s1: "i32",
    s2: "i32",
    s3: "i32",
    s4: "i32",
    offset: "i32",
  },
  constants: ["MODE", "RANK"],
  workgroups: ({ count }) => overElements(count),
});

/** A new dense tensor with the elements of a view of x. */
export function gatherView(tape: Tape, x: Tensor, view: View): Tensor {
  const y = tape.empty(view.shape, x.dtype);
  copy(tape, 0, x, y, view);
  return y;
}

/** Writes x to a view of y; the rest of y is unchanged. */
export const scatterView = (tape: Tape, x: Tensor, y: Tensor, view: View): void => copy(tape, 1, x, y, view);

/** Adds x to a view of y. No two elements of the view may be the same. */
export const addToView = (tape: Tape, x: Tensor, y: Tensor, view: View): void => copy(tape, 2, x, y, view);

function copy(tape: Tape, MODE: number, x: Tensor, y: Tensor, { shape, strides, offset }: View): void {
  const merged = mergeAxes(shape, [strides]);
  const RANK = Math.max(1, merged.sizes.length);
  const walk = padAxes("copy", merged, MAX_RANK);
  const [, n1, n2, n3, n4] = walk.sizes as [number, number, number, number, number];
  const [s0, s1, s2, s3, s4] = walk.strides[0] as [number, number, number, number, number];
  const sizes = { count: sizeOf(shape), n1, n2, n3, n4, s0, s1, s2, s3, s4, offset };
  kernel.encode(tape, { x: asFloat(x), y: asFloat(y) }, sizes, { MODE, RANK });
}

/** Integers under the name f32: they are only moved. */
const asFloat = (x: Tensor): Tensor =>
  x.dtype === "f16" ? x : new Tensor(x.shape, "f32", x.storage, { offset: x.offset });
