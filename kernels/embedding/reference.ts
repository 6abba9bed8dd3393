import { stridesOf, type Shape } from "../../engine/shape.ts";
import { host, type HostTensor } from "../case.ts";

/** The index that belongs to the element of the result with coordinates c. */
export type IndexOf = (c: readonly number[]) => number;

/** y[c] = x[c with the axis' coordinate replaced by its index], 0 if that lies outside of x. */
export function lookupReference(x: HostTensor, shape: Shape, axis: number, indexOf: IndexOf): HostTensor {
  return host(shape, (i) => {
    const source = sourceIndex(x.shape, coordinatesOf(i, shape), axis, indexOf);
    return source === undefined ? 0 : x.data[source]!;
  });
}

/** An element of x gets the sum over all results that are copies of it. */
export function lookupGradient(x: HostTensor, dy: HostTensor, axis: number, indexOf: IndexOf): HostTensor {
  const dx = host(x.shape, () => 0);
  dy.data.forEach((g, i) => {
    const source = sourceIndex(x.shape, coordinatesOf(i, dy.shape), axis, indexOf);
    if (source !== undefined) dx.data[source]! += g;
  });
  return dx;
}

function sourceIndex(shape: Shape, c: readonly number[], axis: number, indexOf: IndexOf): number | undefined {
  const index = indexOf(c);
  if (index < 0 || index >= shape[axis]!) return undefined;
  return stridesOf(shape).reduce((sum, stride, i) => sum + stride * (i === axis ? index : c[i]!), 0);
}

const coordinatesOf = (i: number, shape: Shape): number[] =>
  stridesOf(shape).map((stride, axis) => Math.floor(i / stride) % shape[axis]!);
