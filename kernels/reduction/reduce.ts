import { defineKernel, spread } from "../../engine/kernel/kernel.ts";
import { broadcastShapes, sameShape, ShapeError, showShape, sizeOf, type Shape } from "../../engine/shape.ts";
import type { Tape } from "../../engine/tape.ts";
import { viewOf, type Tensor } from "../../engine/tensor.ts";

/** As CHUNK in reduce.wgsl. */
const CHUNK = 128;
const OPERATIONS = { sum: 0, max: 1, logSumExp: 2 } as const;

const reduceKernel = defineKernel({
  file: new URL("./reduce.wgsl", import.meta.url),
  bindings: { x: "read", y: "read_write" },
  sizes: { threads: "u32", count: "u32", chunks: "u32", inner: "u32", factor: "f32" },
  constants: ["OP"],
  workgroups: ({ threads }) => spread(threads, 32),
});

/**
 * Reduces `axes` (sorted, not negative) of x and keeps them with size 1. Not recorded: operations build on it.
 * A sum is multiplied by `factor` at its end.
 */
export function reduceAxes(
  tape: Tape,
  operation: keyof typeof OPERATIONS,
  x: Tensor,
  axes: readonly number[],
  factor = 1,
): Tensor {
  let result = x;
  let shape: Shape = x.shape;
  const runs = neighbours(axes);
  for (const [i, run] of runs.entries()) {
    const outer = sizeOf(shape.slice(0, run.first));
    const count = sizeOf(shape.slice(run.first, run.last + 1));
    const inner = sizeOf(shape.slice(run.last + 1));
    shape = shape.map((n, axis) => (axis >= run.first && axis <= run.last ? 1 : n));
    result = reduceMiddle(
      tape,
      OPERATIONS[operation],
      result,
      { outer, count, inner },
      i === runs.length - 1 ? factor : 1,
    );
  }
  return viewOf(result, shape);
}

/** Sums x over the axes along which `shape` was stretched to x's shape: the gradient of broadcasting. Not recorded. */
export function sumTo(tape: Tape, x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  if (!sameShape(broadcastShapes("sumTo", x.shape, shape), x.shape))
    throw new ShapeError("sumTo", "shape", `one that broadcasts to ${showShape(x.shape)}`, showShape(shape));
  const missing = x.shape.length - shape.length;
  const stretched = x.shape.flatMap((n, axis) =>
    n !== 1 && (axis < missing || shape[axis - missing] === 1) ? [axis] : [],
  );
  return viewOf(stretched.length === 0 ? x : reduceAxes(tape, "sum", x, stretched), shape);
}

/** Rounds of chunks until the middle axis has one element. */
function reduceMiddle(
  tape: Tape,
  OP: number,
  x: Tensor,
  { outer, count, inner }: { outer: number; count: number; inner: number },
  factor: number,
): Tensor {
  const chunks = Math.max(1, Math.ceil(count / CHUNK));
  const y = tape.empty([outer, chunks, inner]);
  const last = chunks === 1;
  reduceKernel.encode(
    tape,
    { x, y },
    { threads: outer * chunks * inner, count, chunks, inner, factor: last ? factor : 1 },
    { OP },
  );
  return last ? y : reduceMiddle(tape, OP, y, { outer, count: chunks, inner }, factor);
}

/** Runs of adjacent axes: to a kernel, each is one axis. */
function neighbours(axes: readonly number[]): { first: number; last: number }[] {
  const runs: { first: number; last: number }[] = [];
  for (const axis of axes) {
    const run = runs.at(-1);
    if (run && run.last === axis - 1) run.last = axis;
    else runs.push({ first: axis, last: axis });
  }
  return runs;
}
