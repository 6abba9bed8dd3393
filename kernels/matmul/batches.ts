import { ShapeError, broadcastShapes, showShape, type Shape } from "../../engine/shape.ts";

type Three = readonly [number, number, number];

/**
 * The leading axes of two operands, broadcast against each other and merged into at most three groups: neighbouring
 * axes that both operands have, or only one of them has, count as one. A stride of 0 repeats an operand.
 */
export interface Batches {
  /** The leading axes of the result. */
  readonly shape: Shape;
  /** Size of each group; the result is dense over them. */
  readonly sizes: Three;
  /** Matrices from one element of a group to the next, 0 where the operand is repeated. */
  readonly a: Three;
  readonly b: Three;
}

type Owner = "a" | "b" | "both";

export function broadcastBatches(operation: string, a: Shape, b: Shape): Batches {
  const shape = broadcastShapes(operation, a, b);
  const groups: { size: number; owner: Owner }[] = [];
  shape.forEach((size, axis) => {
    if (size === 1) return;
    const inA = (a[axis - shape.length + a.length] ?? 1) === size;
    const inB = (b[axis - shape.length + b.length] ?? 1) === size;
    const owner = inA && inB ? "both" : inA ? "a" : "b";
    const last = groups.at(-1);
    if (last?.owner === owner) last.size *= size;
    else groups.push({ size, owner });
  });
  if (groups.length > 3)
    throw new ShapeError(
      operation,
      "b",
      `leading axes that broadcast in at most three groups with ${showShape(a)}`,
      showShape(b),
    );
  while (groups.length < 3) groups.unshift({ size: 1, owner: "both" });
  const strides = (operand: Owner): Three => {
    let stride = 1;
    const result = [0, 0, 0];
    for (let group = 2; group >= 0; group--) {
      const { size, owner } = groups[group] as (typeof groups)[number];
      if (size === 1 || (owner !== "both" && owner !== operand)) continue;
      result[group] = stride;
      stride *= size;
    }
    return result as unknown as Three;
  };
  return { shape, sizes: groups.map(({ size }) => size) as unknown as Three, a: strides("a"), b: strides("b") };
}

/** Strides of a dense operand over the same groups. */
export const denseStrides = ([, n1, n2]: Three): Three => [n1 * n2, n2, 1];

/** True when the operand has every matrix of the result: its gradient needs no sum over repeats. */
export const isFull = (strides: Three, sizes: Three): boolean =>
  sizes.every((size, group) => size === 1 || strides[group] !== 0);
