import { defineKernel } from "../../engine/kernel/kernel.ts";
import { expectFloat, ShapeError } from "../../engine/shape.ts";
import type { Tape } from "../../engine/tape.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { overElements } from "../../engine/kernel/grid.ts";

/** In the order of the op codes in unary.wgsl. */
const OPERATIONS = [
  "neg",
  "abs",
  "square",
  "exp",
  "log",
  "sqrt",
  "rsqrt",
  "reciprocal",
  "sigmoid",
  "tanh",
  "relu",
  "gelu",
  "geluTanh",
  "silu",
  "softplus",
  "scale",
  "addScalar",
  "clamp",
  "sin",
  "cos",
] as const;
type UnaryOperation = (typeof OPERATIONS)[number];

const forward = defineKernel({
  file: new URL("./unary.wgsl", import.meta.url),
  bindings: { x: "read", y: "read_write" },
  sizes: { count: "u32", p: "f32", q: "f32" },
  constants: ["OP"],
  workgroups: ({ count }) => overElements(count),
});

const backward = defineKernel({
  file: new URL("./unary_backward.wgsl", import.meta.url),
  bindings: { x: "read", dy: "read", dx: "read_write" },
  sizes: { count: "u32", p: "f32", q: "f32" },
  constants: ["OP"],
  workgroups: ({ count }) => overElements(count),
});

export const abs = (tape: Tape, x: Tensor): Tensor => curve("abs", tape, x);
/** x². */
export const square = (tape: Tape, x: Tensor): Tensor => curve("square", tape, x);
export const exp = (tape: Tape, x: Tensor): Tensor => curve("exp", tape, x);
/** The natural logarithm. */
export const log = (tape: Tape, x: Tensor): Tensor => curve("log", tape, x);
export const sqrt = (tape: Tape, x: Tensor): Tensor => curve("sqrt", tape, x);
/** 1 / √x. */
export const rsqrt = (tape: Tape, x: Tensor): Tensor => curve("rsqrt", tape, x);
/** 1 / x. */
export const reciprocal = (tape: Tape, x: Tensor): Tensor => curve("reciprocal", tape, x);
/** 1 / (1 + e⁻ˣ). */
export const sigmoid = (tape: Tape, x: Tensor): Tensor => curve("sigmoid", tape, x);
export const tanh = (tape: Tape, x: Tensor): Tensor => curve("tanh", tape, x);
/** max(x, 0); its derivative at 0 is 0. */
export const relu = (tape: Tape, x: Tensor): Tensor => curve("relu", tape, x);
/** x Φ(x) with the normal distribution function Φ (Hendrycks, Gimpel, 2016), exact to float32. */
export const gelu = (tape: Tape, x: Tensor): Tensor => curve("gelu", tape, x);
/** The approximation of gelu by tanh (Hendrycks, Gimpel, 2016). */
export const geluTanh = (tape: Tape, x: Tensor): Tensor => curve("geluTanh", tape, x);
/** x · sigmoid(x), also called Swish (Ramachandran, Zoph, Le, 2017). */
export const silu = (tape: Tape, x: Tensor): Tensor => curve("silu", tape, x);
/** log(1 + eˣ). */
export const softplus = (tape: Tape, x: Tensor): Tensor => curve("softplus", tape, x);
/** The sine of x in radians, exact to float32 up to thousands of turns. */
export const sin = (tape: Tape, x: Tensor): Tensor => curve("sin", tape, x);
/** The cosine of x in radians, exact to float32 up to thousands of turns. */
export const cos = (tape: Tape, x: Tensor): Tensor => curve("cos", tape, x);

/** x, but no less than `low` and no more than `high`; no gradient flows back where x lies outside. */
export function clamp(tape: Tape, x: Tensor, low: number, high: number): Tensor {
  if (!(low <= high)) throw new ShapeError("clamp", "high", `at least low, which is ${low}`, String(high));
  return curve("clamp", tape, x, low, high);
}

/** -x. */
export const neg = (tape: Tape, x: Tensor): Tensor =>
  tape.record("neg", [x], negated(tape, x), [], (dy) => [negated(tape, dy)]);

/** x · factor, with a number. */
export const scale = (tape: Tape, x: Tensor, factor: number): Tensor =>
  tape.record("scale", [x], scaled(tape, x, factor), [], (dy) => [scaled(tape, dy, factor)]);

/** x + value, with a number. */
export const addScalar = (tape: Tape, x: Tensor, value: number): Tensor =>
  tape.record("addScalar", [x], apply("addScalar", tape, x, value), [], (dy) => [dy]);

/** -x, not recorded: for backward rules. */
export const negated = (tape: Tape, x: Tensor): Tensor => apply("neg", tape, x);

/** x · factor, not recorded: for backward rules. */
export const scaled = (tape: Tape, x: Tensor, factor: number): Tensor => apply("scale", tape, x, factor);

/** A function whose derivative depends on x. */
function curve(operation: UnaryOperation, tape: Tape, x: Tensor, p = 0, q = 0): Tensor {
  return tape.record(operation, [x], apply(operation, tape, x, p, q), [x], (dy) => {
    const dx = tape.like(x);
    backward.encode(tape, { x, dy, dx }, { count: x.size, p, q }, { OP: OPERATIONS.indexOf(operation) });
    return [dx];
  });
}

function apply(operation: UnaryOperation, tape: Tape, x: Tensor, p = 0, q = 0): Tensor {
  expectFloat(operation, "x", x);
  const y = tape.like(x);
  forward.encode(tape, { x, y }, { count: x.size, p, q }, { OP: OPERATIONS.indexOf(operation) });
  return y;
}
