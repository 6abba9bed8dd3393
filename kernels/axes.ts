import { ShapeError, showShape, stridesOf, type Shape } from "../engine/shape.ts";

/**
 * How to walk several arrays together over one shape: the axes' sizes, outermost first, and for each array its
 * strides along them (0 where it repeats).
 */
export interface Walk {
  readonly sizes: readonly number[];
  readonly strides: readonly (readonly number[])[];
}

/** The row-major strides of `shape` when it is stretched to `target`: 0 along the axes that repeat. */
export function broadcastStrides(shape: Shape, target: Shape): number[] {
  const strides = stridesOf(shape);
  const missing = target.length - shape.length;
  return target.map((_, axis) => (axis < missing || shape[axis - missing] === 1 ? 0 : strides[axis - missing]!));
}

/** Element i of an array of shape `target`, as an index into `shape` stretched to it. */
export function stretchedIndex(shape: Shape, target: Shape): (i: number) => number {
  const own = broadcastStrides(shape, target);
  const strides = stridesOf(target);
  return (i) => target.reduce((sum, n, axis) => sum + (Math.floor(i / strides[axis]!) % n) * own[axis]!, 0);
}

/** Drops axes of size 1 and merges neighbours that every array walks with a single stride, to leave few axes. */
export function mergeAxes(shape: Shape, strides: readonly (readonly number[])[]): Walk {
  const sizes: number[] = [];
  const merged: number[][] = strides.map(() => []);
  shape.forEach((size, axis) => {
    if (size === 1) return;
    const joins = sizes.length > 0 && merged.every((own, i) => own.at(-1) === strides[i]![axis]! * size);
    if (joins) sizes[sizes.length - 1]! *= size;
    else sizes.push(size);
    merged.forEach((own, i) => (joins ? (own[own.length - 1] = strides[i]![axis]!) : own.push(strides[i]![axis]!)));
  });
  return { sizes, strides: merged };
}

/** The same walk with exactly `rank` axes, padded in front with axes of size 1. */
export function padAxes(operation: string, walk: Walk, rank: number): Walk {
  const missing = rank - walk.sizes.length;
  if (missing < 0)
    throw new ShapeError(operation, "shape", `at most ${rank} axes after merging neighbours`, showShape(walk.sizes));
  return {
    sizes: [...Array<number>(missing).fill(1), ...walk.sizes],
    strides: walk.strides.map((own) => [...Array<number>(missing).fill(0), ...own]),
  };
}
