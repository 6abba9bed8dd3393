import { expectAxis, expectType, ShapeError, showShape, sizeOf, type Shape } from "../../engine/shape.ts";
import type { Tape } from "../../engine/tape.ts";
import { viewOf, type Tensor } from "../../engine/tensor.ts";
import { reduceAxes } from "./reduce.ts";
import { withReduced } from "./with_reduced.ts";

/** Axes to reduce, which may count from the end; default all. */
export type Axes = number | readonly number[] | undefined;

export interface ReductionOptions {
  /** Keep the reduced axes with size 1. Default: drop them. */
  readonly keepDims?: boolean;
}

/** Σ x over the axes. */
export function sum(tape: Tape, x: Tensor, axes?: Axes, options: ReductionOptions = {}): Tensor {
  const { reduced, kept, result } = plan("sum", x, axes, options);
  const y = viewOf(reduceAxes(tape, "sum", x, reduced), result);
  return tape.record("sum", [x], y, [], (dy) => [withReduced(tape, "spread", x.shape, kept, { dr: dy })]);
}

/** The mean of x over the axes. */
export function mean(tape: Tape, x: Tensor, axes?: Axes, options: ReductionOptions = {}): Tensor {
  const { reduced, kept, result, count } = plan("mean", x, axes, options);
  const y = viewOf(reduceAxes(tape, "sum", x, reduced, 1 / count), result);
  return tape.record("mean", [x], y, [], (dy) => [withReduced(tape, "spread", x.shape, kept, { dr: dy }, 1 / count)]);
}

/** The largest element along the axes; several equal ones share its gradient. */
export function max(tape: Tape, x: Tensor, axes?: Axes, options: ReductionOptions = {}): Tensor {
  const { reduced, kept, result } = plan("max", x, axes, options);
  const y = viewOf(reduceAxes(tape, "max", x, reduced), result);
  return tape.record("max", [x], y, [x, y], (dy) => {
    const maxima = withReduced(tape, "isEqual", x.shape, kept, { x, r: y });
    const ties = reduceAxes(tape, "sum", maxima, reduced);
    return [withReduced(tape, "equalShares", x.shape, kept, { x: maxima, r: ties, dr: dy })];
  });
}

/** log Σ exp x over the axes, for x of any magnitude; -inf where all x are. */
export function logSumExp(tape: Tape, x: Tensor, axes?: Axes, options: ReductionOptions = {}): Tensor {
  const { reduced, kept, result } = plan("logSumExp", x, axes, options);
  const y = viewOf(reduceAxes(tape, "logSumExp", x, reduced), result);
  return tape.record("logSumExp", [x], y, [x, y], (dy) => [
    withReduced(tape, "softmax", x.shape, kept, { x, r: y, dr: dy }),
  ]);
}

/** The population variance over the axes: the mean squared distance from the mean. */
export function variance(tape: Tape, x: Tensor, axes?: Axes, options: ReductionOptions = {}): Tensor {
  const { reduced, kept, result, count } = plan("variance", x, axes, options);
  const centre = reduceAxes(tape, "sum", x, reduced, 1 / count);
  const squares = withReduced(tape, "squaredDeviation", x.shape, kept, { x, r: centre });
  const y = viewOf(reduceAxes(tape, "sum", squares, reduced, 1 / count), result);
  return tape.record("variance", [x], y, [x, centre], (dy) => [
    withReduced(tape, "deviation", x.shape, kept, { x, r: centre, dr: dy }, 2 / count),
  ]);
}

interface Plan {
  /** The axes to reduce, sorted and not negative. */
  readonly reduced: readonly number[];
  /** x's shape with 1 along them, and the shape to return. */
  readonly kept: Shape;
  readonly result: Shape;
  /** Elements reduced to one. */
  readonly count: number;
}

function plan(operation: string, x: Tensor, axes: Axes, { keepDims = false }: ReductionOptions): Plan {
  expectType(operation, "x", x, "f32");
  const given = axes === undefined ? x.shape.map((_, axis) => axis) : typeof axes === "number" ? [axes] : axes;
  const reduced = [...new Set(given.map((axis) => expectAxis(operation, axis, x.shape.length)))].sort((a, b) => a - b);
  const count = sizeOf(reduced.map((axis) => x.shape[axis]!));
  if (count === 0) throw new ShapeError(operation, "x", "at least one element along the axes", showShape(x.shape));
  const kept = x.shape.map((n, axis) => (reduced.includes(axis) ? 1 : n));
  const result = keepDims ? kept : x.shape.filter((_, axis) => !reduced.includes(axis));
  return { reduced, kept, result, count };
}
