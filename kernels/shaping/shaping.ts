import {
  broadcastShapes,
  expectAxis,
  expectFloat,
  expectType,
  sameShape,
  ShapeError,
  showShape,
} from "../../engine/shape.ts";
import type { Tape } from "../../engine/tape.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { sumTo } from "../reduction/reduce.ts";
import { addToView, gatherView, scatterView } from "./strided_copy.ts";
import { flipped, permuted, sliced, stretched, type View } from "./view.ts";

// Every operation here copies a view of a dense tensor. A new shape of the same elements in the same order needs no
// copy: `tape.reshape`. Integer tensors work as well; they have no gradient.

/** x with two of its axes exchanged. */
export function transpose(tape: Tape, x: Tensor, axisA: number, axisB: number): Tensor {
  const [a, b] = [axisA, axisB].map((axis) => expectAxis("transpose", axis, x.shape.length)) as [number, number];
  return rearranged(
    "transpose",
    tape,
    x,
    permuted(
      x.shape,
      x.shape.map((_, axis) => (axis === a ? b : axis === b ? a : axis)),
    ),
  );
}

/** x with its axes in another order: axis i of the result is axis axes[i] of x. */
export function permute(tape: Tape, x: Tensor, axes: readonly number[]): Tensor {
  const order = axes.map((axis) => expectAxis("permute", axis, x.shape.length));
  if (order.length !== x.shape.length || new Set(order).size !== order.length)
    throw new ShapeError("permute", "axes", `each of the ${x.shape.length} axes once`, showShape(axes));
  return rearranged("permute", tape, x, permuted(x.shape, order));
}

/** x with some axes backwards. */
export function flip(tape: Tape, x: Tensor, axes: readonly number[]): Tensor {
  const backwards = [...new Set(axes.map((axis) => expectAxis("flip", axis, x.shape.length)))];
  return rearranged("flip", tape, x, flipped(x.shape, backwards));
}

/** x repeated along its axes of 1, and along new axes in front, to fill `shape`. Its gradient is the sum over them. */
export function expand(tape: Tape, x: Tensor, shape: readonly number[]): Tensor {
  if (!sameShape(broadcastShapes("expand", x.shape, shape), shape))
    throw new ShapeError("expand", "shape", `one that ${showShape(x.shape)} broadcasts to`, showShape(shape));
  return tape.record("expand", [x], gatherView(tape, x, stretched(x.shape, shape)), [], (dy) => [
    sumTo(tape, dy, x.shape),
  ]);
}

/**
 * The elements start, start + step, … below end, along each axis; a negative bound counts from the axis's end. `steps` default to 1.
 */
export function slice(
  tape: Tape,
  x: Tensor,
  starts: readonly number[],
  ends: readonly number[],
  steps?: readonly number[],
): Tensor {
  for (const [name, list] of Object.entries({ starts, ends, steps: steps ?? ends }))
    if (list.length !== x.shape.length)
      throw new ShapeError("slice", name, `${x.shape.length} numbers, one an axis`, String(list.length));
  const fromStart = (bound: number, axis: number): number => (bound < 0 ? bound + x.shape[axis]! : bound);
  const firsts = starts.map(fromStart);
  const sizes = x.shape.map((n, axis) => {
    const [start, end, step] = [firsts[axis]!, fromStart(ends[axis]!, axis), steps?.[axis] ?? 1];
    if (!(start >= 0 && start < end && end <= n && step >= 1))
      throw new ShapeError(
        "slice",
        `axis ${axis}`,
        `0 ≤ start < end ≤ ${n} and step ≥ 1`,
        `start ${starts[axis]!}, end ${ends[axis]!}, step ${step}`,
      );
    return Math.ceil((end - start) / step);
  });
  return selected("slice", tape, x, sliced(x.shape, firsts, sizes, steps));
}

/** x cut along an axis into parts of the given sizes. */
export function split(tape: Tape, x: Tensor, axis: number, sizes: readonly number[]): Tensor[] {
  const along = expectAxis("split", axis, x.shape.length);
  const total = sizes.reduce((sum, n) => sum + n, 0);
  if (total !== x.shape[along])
    throw new ShapeError(
      "split",
      "sizes",
      `sizes that add up to ${x.shape[along]!}`,
      `${sizes.join(" + ")} = ${total}`,
    );
  let start = 0;
  return sizes.map((n) => {
    const part = selected("split", tape, x, partAlong(x.shape, along, start, n));
    start += n;
    return part;
  });
}

/** The parts one after another along an axis; their other axes must agree. */
export function concat(tape: Tape, parts: readonly Tensor[], axis: number): Tensor {
  const [first] = parts;
  if (!first) throw new ShapeError("concat", "parts", "at least one tensor", "none");
  const along = expectAxis("concat", axis, first.shape.length);
  for (const [i, part] of parts.entries()) {
    expectType("concat", `parts[${i}]`, part, first.dtype);
    if (part.shape.length !== first.shape.length || !sameShape(part.shape.with(along, 1), first.shape.with(along, 1)))
      throw new ShapeError(
        "concat",
        `parts[${i}]`,
        `${showShape(first.shape)} but for axis ${along}`,
        showShape(part.shape),
      );
  }
  const sizes = parts.map((part) => part.shape[along]!);
  const y = tape.empty(
    first.shape.with(
      along,
      sizes.reduce((sum, n) => sum + n),
    ),
    first.dtype,
  );
  const views = sizes.map((n, i) =>
    partAlong(
      y.shape,
      along,
      sizes.slice(0, i).reduce((sum, m) => sum + m, 0),
      n,
    ),
  );
  parts.forEach((part, i) => scatterView(tape, part, y, views[i]!));
  return tape.record("concat", parts, y, [], (dy) =>
    parts.map((part, i) => (part.needsGrad ? gatherView(tape, dy, views[i]!) : undefined)),
  );
}

/** The parts, all of one shape, along a new axis before axis `axis`. */
export function stack(tape: Tape, parts: readonly Tensor[], axis: number): Tensor {
  const along = expectAxis("stack", axis, (parts[0]?.shape.length ?? 0) + 1);
  return concat(
    tape,
    parts.map((part) => tape.reshape(part, part.shape.toSpliced(along, 0, 1))),
    along,
  );
}

/** x (f32) surrounded by `value`: along each axis, pads[axis] = [elements before, elements after]. */
export function pad(tape: Tape, x: Tensor, pads: readonly (readonly [number, number])[], value = 0): Tensor {
  expectFloat("pad", "x", x);
  if (pads.length !== x.shape.length)
    throw new ShapeError("pad", "pads", `${x.shape.length} pairs, one an axis`, String(pads.length));
  if (pads.flat().some((n) => n < 0))
    throw new ShapeError("pad", "pads", "no negative number", pads.map(showShape).join(", "));
  const y = tape.filled(
    x.shape.map((n, axis) => n + pads[axis]![0] + pads[axis]![1]),
    value,
    x.dtype,
  );
  const view = sliced(
    y.shape,
    pads.map(([before]) => before),
    x.shape,
  );
  scatterView(tape, x, y, view);
  return tape.record("pad", [x], y, [], (dy) => [gatherView(tape, dy, view)]);
}

const partAlong = (shape: readonly number[], axis: number, start: number, size: number): View =>
  sliced(
    shape,
    shape.map((_, i) => (i === axis ? start : 0)),
    shape.with(axis, size),
  );

/** A view that shows every element of x once: scattering dy fills all of dx. */
function rearranged(operation: string, tape: Tape, x: Tensor, view: View): Tensor {
  return tape.record(operation, [x], gatherView(tape, x, view), [], (dy) => {
    const dx = tape.like(x);
    scatterView(tape, dy, dx, view);
    return [dx];
  });
}

/** A view that shows some elements of x once. Parts of one x add to one gradient, not to one each. */
function selected(operation: string, tape: Tape, x: Tensor, view: View): Tensor {
  return tape.record(operation, [x], gatherView(tape, x, view), [], (dy) => {
    addToView(tape, dy, tape.gradientOf(x), view);
    return [undefined];
  });
}
