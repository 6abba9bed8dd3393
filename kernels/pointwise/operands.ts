import { sameShape, ShapeError, sizeOf, type Shape } from "../../engine/shape.ts";
import type { Tape } from "../../engine/tape.ts";
import type { DType, Tensor } from "../../engine/tensor.ts";
import { broadcastStrides, mergeAxes, padAxes } from "../axes.ts";

/** A tensor, or a number that stands for a tensor filled with it. */
export type Operand = Tensor | number;

/** Both operands as tensors, a number of the other one's type. */
export function tensorsOf(operation: string, tape: Tape, a: Operand, b: Operand): [Tensor, Tensor] {
  if (typeof a !== "number") return [a, typeof b === "number" ? filled(operation, tape, b, a.dtype) : b];
  if (typeof b === "number") throw new ShapeError(operation, "a, b", "at least one tensor", "two numbers");
  return [filled(operation, tape, a, b.dtype), b];
}

function filled(operation: string, tape: Tape, value: number, dtype: DType): Tensor {
  if (dtype === "f32" || dtype === "f16") return tape.filled([], value, dtype);
  const array = dtype === "i32" ? Int32Array : Uint32Array;
  if (array.of(value)[0] !== value)
    throw new ShapeError(
      operation,
      "number",
      `a whole number that ${dtype} has, as the tensor's type is`,
      String(value),
    );
  return tape.upload(array.of(value), []);
}

/** Of kernels that walk two operands that broadcast. */
export const SIZES = {
  count: "u32",
  a_count: "u32",
  b_count: "u32",
  n1: "u32",
  n2: "u32",
  n3: "u32",
  a0: "u32",
  a1: "u32",
  a2: "u32",
  a3: "u32",
  b0: "u32",
  b1: "u32",
  b2: "u32",
  b3: "u32",
} as const;

/** The cheapest layout for both operands, and its sizes. See binary.wgsl. */
export function layoutOf(operation: string, a: Shape, b: Shape, y: Shape) {
  const count = sizeOf(y);
  const repeats = repeatsWhole(a, y) && repeatsWhole(b, y);
  const LAYOUT = !repeats ? 2 : sizeOf(a) === count && sizeOf(b) === count ? 0 : 1;
  const walk = repeats
    ? {
        sizes: [1, 1, 1, 1],
        strides: [
          [0, 0, 0, 0],
          [0, 0, 0, 0],
        ],
      }
    : padAxes(operation, mergeAxes(y, [broadcastStrides(a, y), broadcastStrides(b, y)]), 4);
  const [, n1, n2, n3] = walk.sizes as [number, number, number, number];
  const [a0, a1, a2, a3] = walk.strides[0] as [number, number, number, number];
  const [b0, b1, b2, b3] = walk.strides[1] as [number, number, number, number];
  const sizes = { count, a_count: sizeOf(a), b_count: sizeOf(b), n1, n2, n3, a0, a1, a2, a3, b0, b1, b2, b3 };
  return { sizes, LAYOUT };
}

/** True if the shape of x, without leading 1s, is the end of the shape of y. */
function repeatsWhole(x: Shape, y: Shape): boolean {
  const first = x.findIndex((n) => n !== 1);
  const own = first < 0 ? [] : x.slice(first);
  return own.length === 0 || sameShape(own, y.slice(-own.length));
}
