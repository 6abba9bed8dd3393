import { defineKernel } from "../../engine/kernel/kernel.ts";
import {
  broadcastShapes,
  expectType,
  sameShape,
  ShapeError,
  showShape,
  sizeOf,
  type Shape,
} from "../../engine/shape.ts";
import type { Tape } from "../../engine/tape.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { broadcastStrides, mergeAxes, padAxes } from "../axes.ts";
import { overElements } from "../../engine/kernel/grid.ts";
import { sumTo } from "../reduction/reduce.ts";

type Four = [number, number, number, number];

const choose = defineKernel({
  file: new URL("./where.wgsl", import.meta.url),
  bindings: { condition: "read", a: "read", b: "read", y: "read_write" },
  sizes: {
    count: "u32",
    n1: "u32",
    n2: "u32",
    n3: "u32",
    condition0: "u32",
    condition1: "u32",
    condition2: "u32",
    condition3: "u32",
    a0: "u32",
    a1: "u32",
    a2: "u32",
    a3: "u32",
    b0: "u32",
    b1: "u32",
    b2: "u32",
    b3: "u32",
  },
  workgroups: ({ count }) => overElements(count),
});

/**
 * a where the condition is not 0, else b.
 *
 * @param condition u32; the shapes of all three broadcast together
 */
export function where(tape: Tape, condition: Tensor, a: Tensor, b: Tensor): Tensor {
  expectType("where", "condition", condition, "u32");
  expectType("where", "a", a, "f32");
  expectType("where", "b", b, "f32");
  const shape = broadcastShapes("where", condition.shape, broadcastShapes("where", a.shape, b.shape));
  const y = chosen("where", tape, condition, a, b, shape);
  return tape.record("where", [a, b], y, [condition], (dy) => {
    const zero = tape.filled([], 0);
    return [
      a.needsGrad ? sumTo(tape, chosen("where", tape, condition, dy, zero, shape), a.shape) : undefined,
      b.needsGrad ? sumTo(tape, chosen("where", tape, condition, zero, dy, shape), b.shape) : undefined,
    ];
  });
}

/**
 * `value` where the mask is not 0 (no gradient flows back there), else x.
 *
 * @param mask u32, of a shape that broadcasts to x's
 */
export function maskedFill(tape: Tape, x: Tensor, mask: Tensor, value: number): Tensor {
  expectType("maskedFill", "x", x, "f32");
  expectType("maskedFill", "mask", mask, "u32");
  if (!sameShape(broadcastShapes("maskedFill", x.shape, mask.shape), x.shape))
    throw new ShapeError(
      "maskedFill",
      "mask",
      `a shape that broadcasts to ${showShape(x.shape)}`,
      showShape(mask.shape),
    );
  const y = chosen("maskedFill", tape, mask, tape.filled([], value), x, x.shape);
  return tape.record("maskedFill", [x], y, [mask], (dy) => [
    chosen("maskedFill", tape, mask, tape.filled([], 0), dy, x.shape),
  ]);
}

function chosen(operation: string, tape: Tape, condition: Tensor, a: Tensor, b: Tensor, shape: Shape): Tensor {
  const y = tape.empty(shape);
  const strides = [condition, a, b].map((x) => broadcastStrides(x.shape, shape));
  const walk = padAxes(operation, mergeAxes(shape, strides), 4);
  const [, n1, n2, n3] = walk.sizes as Four;
  const [[condition0, condition1, condition2, condition3], [a0, a1, a2, a3], [b0, b1, b2, b3]] =
    walk.strides as unknown as [Four, Four, Four];
  const sizes = {
    count: sizeOf(shape),
    n1,
    n2,
    n3,
    condition0,
    condition1,
    condition2,
    condition3,
    a0,
    a1,
    a2,
    a3,
    b0,
    b1,
    b2,
    b3,
  };
  choose.encode(tape, { condition, a, b, y }, sizes, {});
  return y;
}
