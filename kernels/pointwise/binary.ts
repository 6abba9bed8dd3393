import { defineKernel } from "../../engine/kernel/kernel.ts";
import { broadcastShapes, expectType, sameShape, sizeOf, type Shape } from "../../engine/shape.ts";
import type { Tape } from "../../engine/tape.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { broadcastStrides, mergeAxes, padAxes } from "../axes.ts";
import { overElements } from "../../engine/kernel/grid.ts";
import { sumTo } from "../reduction/reduce.ts";
import { negated } from "./unary.ts";

const OPERATIONS = { add: 0, sub: 1, mul: 2, div: 3, maximum: 4, minimum: 5 } as const;
type BinaryOperation = keyof typeof OPERATIONS;

const SIZES = {
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

const forward = defineKernel({
  file: new URL("./binary.wgsl", import.meta.url),
  bindings: { a: "read", b: "read", y: "read_write" },
  sizes: SIZES,
  constants: ["OP", "LAYOUT"],
  workgroups: ({ count }) => overElements(count),
});

const backward = defineKernel({
  file: new URL("./binary_backward.wgsl", import.meta.url),
  bindings: { a: "read", b: "read", dy: "read", gradient: "read_write" },
  sizes: SIZES,
  constants: ["OP", "LAYOUT", "TO_B"],
  workgroups: ({ count }) => overElements(count),
});

/** a + b with NumPy's broadcasting: shapes are aligned at the end, and axes of 1 stretch. */
export const add = (tape: Tape, a: Tensor, b: Tensor): Tensor => binary("add", tape, a, b);
/** a - b, broadcasting. */
export const sub = (tape: Tape, a: Tensor, b: Tensor): Tensor => binary("sub", tape, a, b);
/** a · b, broadcasting. */
export const mul = (tape: Tape, a: Tensor, b: Tensor): Tensor => binary("mul", tape, a, b);
/** a / b, broadcasting. */
export const div = (tape: Tape, a: Tensor, b: Tensor): Tensor => binary("div", tape, a, b);
/** The larger of a and b, broadcasting; equal ones get half of the gradient each. */
export const maximum = (tape: Tape, a: Tensor, b: Tensor): Tensor => binary("maximum", tape, a, b);
/** The smaller of a and b, broadcasting; equal ones get half of the gradient each. */
export const minimum = (tape: Tape, a: Tensor, b: Tensor): Tensor => binary("minimum", tape, a, b);

function binary(operation: BinaryOperation, tape: Tape, a: Tensor, b: Tensor): Tensor {
  expectType(operation, "a", a, "f32");
  expectType(operation, "b", b, "f32");
  const y = tape.empty(broadcastShapes(operation, a.shape, b.shape));
  const { sizes, LAYOUT } = layoutOf(operation, a.shape, b.shape, y.shape);
  const OP = OPERATIONS[operation];
  forward.encode(tape, { a, b, y }, sizes, { OP, LAYOUT });
  const linear = operation === "add" || operation === "sub";
  return tape.record(operation, [a, b], y, linear ? [] : [a, b], (dy) => {
    const gradient = (x: Tensor, TO_B: boolean): Tensor | undefined => {
      if (!x.needsGrad) return undefined;
      if (linear)
        return TO_B && operation === "sub" ? negated(tape, sumTo(tape, dy, x.shape)) : sumTo(tape, dy, x.shape);
      const full = tape.like(dy);
      backward.encode(tape, { a, b, dy, gradient: full }, sizes, { OP, LAYOUT, TO_B });
      return sumTo(tape, full, x.shape);
    };
    return [gradient(a, false), gradient(b, true)];
  });
}

/** The cheapest layout for both operands, and its sizes. See binary.wgsl. */
function layoutOf(operation: string, a: Shape, b: Shape, y: Shape) {
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
