import { defineKernel } from "../../engine/kernel/kernel.ts";
import { broadcastShapes, expectType } from "../../engine/shape.ts";
import type { Tape } from "../../engine/tape.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { overElements } from "../../engine/kernel/grid.ts";
import { sumTo } from "../reduction/reduce.ts";
import { layoutOf, SIZES, tensorsOf, type Operand } from "./operands.ts";
import { addScalar, negated, scale } from "./unary.ts";
import { ofIntegers } from "./words.ts";

const OPERATIONS = { add: 0, sub: 1, mul: 2, div: 3, maximum: 4, minimum: 5, pow: 6 } as const;
type BinaryOperation = keyof typeof OPERATIONS;

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

/**
 * a + b with NumPy's broadcasting: shapes are aligned at the end, and axes of 1 stretch. Whole numbers, i32 or u32, may be added,
 * subtracted and multiplied too; they wrap, and have no gradient.
 */
export const add = (tape: Tape, a: Operand, b: Operand): Tensor => binary("add", tape, a, b);
/** a - b, broadcasting. */
export const sub = (tape: Tape, a: Operand, b: Operand): Tensor => binary("sub", tape, a, b);
/** a · b, broadcasting. */
export const mul = (tape: Tape, a: Operand, b: Operand): Tensor => binary("mul", tape, a, b);
/** a / b, broadcasting. */
export const div = (tape: Tape, a: Operand, b: Operand): Tensor => binary("div", tape, a, b);
/** The larger of a and b, broadcasting; equal ones get half of the gradient each. */
export const maximum = (tape: Tape, a: Operand, b: Operand): Tensor => binary("maximum", tape, a, b);
/** The smaller of a and b, broadcasting; equal ones get half of the gradient each. */
export const minimum = (tape: Tape, a: Operand, b: Operand): Tensor => binary("minimum", tape, a, b);
/**
 * a to the power of b, broadcasting: `pow(tape, x, 3)`. A negative number has powers with a whole exponent only; others are NaN.
 * Whole exponents up to 16 are products; otherwise the error is that of log and exp, some 1e-6 of the result.
 */
export const pow = (tape: Tape, a: Operand, b: Operand): Tensor => binary("pow", tape, a, b);

function binary(operation: BinaryOperation, tape: Tape, p: Operand, q: Operand): Tensor {
  if (typeof q === "number" && isFloat(p)) {
    if (operation === "add" || operation === "sub") return addScalar(tape, p, operation === "add" ? q : -q);
    if (operation === "mul") return scale(tape, p, q);
  }
  if (typeof p === "number" && isFloat(q)) {
    if (operation === "add") return addScalar(tape, q, p);
    if (operation === "mul") return scale(tape, q, p);
  }
  const [a, b] = tensorsOf(operation, tape, p, q);
  if ((operation === "add" || operation === "sub" || operation === "mul") && !isFloat(a))
    return ofIntegers(operation, tape, a, b);
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

const isFloat = (x: Operand): x is Tensor => typeof x !== "number" && (x.dtype === "f32" || x.dtype === "f16");
