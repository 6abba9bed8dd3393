/** Sizes of a tensor's axes. */
export type Shape = readonly number[];

export const sizeOf = (shape: Shape): number => shape.reduce((product, n) => product * n, 1);

export const showShape = (shape: Shape): string => `[${shape.join(", ")}]`;

export const sameShape = (a: Shape, b: Shape): boolean => a.length === b.length && a.every((n, axis) => n === b[axis]);

/** An invalid shape, type or option; the message names the operation, the argument, what was expected and what was given. */
export class ShapeError extends Error {
  override name = "ShapeError";
  constructor(operation: string, argument: string, expected: string, actual: string) {
    super(`${operation}: ${argument}: expected ${expected}, got ${actual}`);
  }
}

/** The properties of a tensor that the checks below need. */
export interface Shaped {
  readonly shape: Shape;
  readonly dtype: string;
}

/**
 * Checks that `x` has the given shape; `null` matches any size.
 *
 *     expectShape("layerNorm", "scale", scale, [channels]);
 */
export function expectShape(
  operation: string,
  argument: string,
  x: Shaped,
  expected: readonly (number | null)[],
): void {
  const fits = x.shape.length === expected.length && expected.every((n, axis) => n === null || n === x.shape[axis]);
  if (!fits) {
    const wanted = `[${expected.map((n) => n ?? "any").join(", ")}]`;
    throw new ShapeError(operation, argument, wanted, showShape(x.shape));
  }
}

export function expectRank(operation: string, argument: string, x: Shaped, rank: number): void {
  if (x.shape.length !== rank) throw new ShapeError(operation, argument, `${rank} axes`, showShape(x.shape));
}

export function expectType(operation: string, argument: string, x: Shaped, dtype: string): void {
  if (x.dtype !== dtype) throw new ShapeError(operation, argument, `type ${dtype}`, `type ${x.dtype}`);
}

/** Checks that `x` holds floating-point numbers, f32 or f16. */
export function expectFloat(operation: string, argument: string, x: Shaped): void {
  if (x.dtype !== "f32" && x.dtype !== "f16")
    throw new ShapeError(operation, argument, "type f32 or f16", `type ${x.dtype}`);
}

/** Resolves an axis that may count from the end, or throws. */
export function expectAxis(operation: string, axis: number, rank: number): number {
  const positive = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(positive) || positive < 0 || positive >= rank)
    throw new ShapeError(operation, "axis", `an axis of a tensor with ${rank} axes`, String(axis));
  return positive;
}

/** Flattens all axes but the last into rows: `[batch, frames, channels]` has `batch · frames` rows and `channels` columns. */
export function rowsAndCols(operation: string, argument: string, x: Shaped): { rows: number; cols: number } {
  const cols = x.shape.at(-1);
  if (cols === undefined) throw new ShapeError(operation, argument, "at least one axis", "a scalar");
  return { rows: sizeOf(x.shape.slice(0, -1)), cols };
}

/** NumPy's broadcasting rule: axes are aligned at the end, and axes of size 1 stretch. */
export function broadcastShapes(operation: string, a: Shape, b: Shape): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const m = a[axis - rank + a.length] ?? 1;
    const n = b[axis - rank + b.length] ?? 1;
    if (m !== n && m !== 1 && n !== 1)
      throw new ShapeError(operation, "b", `a shape that broadcasts with ${showShape(a)}`, showShape(b));
    return m === 1 ? n : m;
  });
}

/** Row-major strides in elements. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis] as number;
  }
  return strides;
}
