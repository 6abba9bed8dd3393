import { stridesOf, type Shape } from "../../engine/shape.ts";
import { broadcastStrides } from "../axes.ts";

/** A view of a dense array: element c of the view is the array's element offset + Σ c · stride. */
export interface View {
  readonly shape: Shape;
  readonly strides: readonly number[];
  readonly offset: number;
}

/** Axis i of the view is axis axes[i] of the array. */
export function permuted(shape: Shape, axes: readonly number[]): View {
  const strides = stridesOf(shape);
  return { shape: axes.map((axis) => shape[axis]!), strides: axes.map((axis) => strides[axis]!), offset: 0 };
}

/** Every step-th element from start on, `sizes` of them along each axis. */
export function sliced(shape: Shape, starts: readonly number[], sizes: Shape, steps?: readonly number[]): View {
  const strides = stridesOf(shape);
  return {
    shape: sizes,
    strides: strides.map((stride, axis) => stride * (steps?.[axis] ?? 1)),
    offset: strides.reduce((sum, stride, axis) => sum + stride * starts[axis]!, 0),
  };
}

/** Some axes backwards. */
export function flipped(shape: Shape, axes: readonly number[]): View {
  const strides = stridesOf(shape);
  return {
    shape,
    strides: strides.map((stride, axis) => (axes.includes(axis) ? -stride : stride)),
    offset: axes.reduce((sum, axis) => sum + (shape[axis]! - 1) * strides[axis]!, 0),
  };
}

/** Repeated along axes of 1 and along new axes in front. */
export const stretched = (shape: Shape, target: Shape): View => ({
  shape: target,
  strides: broadcastStrides(shape, target),
  offset: 0,
});
