import { defineKernel } from "../../engine/kernel/kernel.ts";
import { overElements } from "../../engine/kernel/grid.ts";
import { broadcastShapes, expectType, ShapeError } from "../../engine/shape.ts";
import type { Tape } from "../../engine/tape.ts";
import { Tensor, type DType } from "../../engine/tensor.ts";
import { layoutOf, SIZES, tensorsOf, type Operand } from "./operands.ts";

/** As in words.wgsl. */
const OPERATIONS = {
  add: 0,
  sub: 1,
  mul: 2,
  equal: 3,
  notEqual: 4,
  less: 5,
  lessEqual: 6,
  greater: 7,
  greaterEqual: 8,
} as const;
const TYPES: readonly DType[] = ["f32", "i32", "u32"];
type WordOperation = keyof typeof OPERATIONS;

const kernel = defineKernel({
  file: new URL("./words.wgsl", import.meta.url),
  bindings: { a: "read", b: "read", y: "read_write" },
  sizes: SIZES,
  constants: ["OP", "TYPE", "LAYOUT"],
  workgroups: ({ count }) => overElements(count),
});

// Comparisons of two tensors of one type (f32, i32, u32), or of one with a number, broadcasting. The result is a mask of u32, as
// `where` and `maskedFill` take it. It has no gradient.

/** 1 where a = b, else 0. */
export const equal = (tape: Tape, a: Operand, b: Operand): Tensor => compared("equal", tape, a, b);
/** 1 where a ≠ b, else 0; NaN differs from all, itself included. */
export const notEqual = (tape: Tape, a: Operand, b: Operand): Tensor => compared("notEqual", tape, a, b);
/** 1 where a < b, else 0. */
export const less = (tape: Tape, a: Operand, b: Operand): Tensor => compared("less", tape, a, b);
/** 1 where a ≤ b, else 0. */
export const lessEqual = (tape: Tape, a: Operand, b: Operand): Tensor => compared("lessEqual", tape, a, b);
/** 1 where a > b, else 0. */
export const greater = (tape: Tape, a: Operand, b: Operand): Tensor => compared("greater", tape, a, b);
/** 1 where a ≥ b, else 0. */
export const greaterEqual = (tape: Tape, a: Operand, b: Operand): Tensor => compared("greaterEqual", tape, a, b);

function compared(operation: WordOperation, tape: Tape, a: Operand, b: Operand): Tensor {
  return apply(operation, tape, ...tensorsOf(operation, tape, a, b), "u32");
}

/** Sums, differences and products of i32 or u32. */
export const ofIntegers = (operation: "add" | "sub" | "mul", tape: Tape, a: Tensor, b: Tensor): Tensor =>
  apply(operation, tape, a, b, a.dtype);

function apply(operation: WordOperation, tape: Tape, a: Tensor, b: Tensor, dtype: DType): Tensor {
  if (!TYPES.includes(a.dtype)) throw new ShapeError(operation, "a", `type ${TYPES.join(", ")}`, `type ${a.dtype}`);
  expectType(operation, "b", b, a.dtype);
  const y = tape.empty(broadcastShapes(operation, a.shape, b.shape), dtype);
  const { sizes, LAYOUT } = layoutOf(operation, a.shape, b.shape, y.shape);
  kernel.encode(tape, { a: asWords(a), b: asWords(b), y: asWords(y) }, sizes, {
    OP: OPERATIONS[operation],
    TYPE: TYPES.indexOf(a.dtype),
    LAYOUT,
  });
  return y;
}

/** Any 32-bit numbers under the name u32. */
const asWords = (x: Tensor): Tensor => new Tensor(x.shape, "u32", x.storage, { offset: x.offset });
