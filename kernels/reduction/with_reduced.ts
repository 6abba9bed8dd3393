import { defineKernel } from "../../engine/kernel/kernel.ts";
import type { Shape } from "../../engine/shape.ts";
import type { Tape } from "../../engine/tape.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { broadcastStrides, mergeAxes, padAxes } from "../axes.ts";
import { overElements } from "../../engine/kernel/grid.ts";

/** In the order of the op codes in with_reduced.wgsl, which says what each computes. */
const OPERATIONS = ["spread", "squaredDeviation", "deviation", "softmax", "isEqual", "equalShares"] as const;

const kernel = defineKernel({
  file: new URL("./with_reduced.wgsl", import.meta.url),
  bindings: { x: "read", r: "read", dr: "read", y: "read_write" },
  sizes: {
    count: "u32",
    n1: "u32",
    n2: "u32",
    n3: "u32",
    n4: "u32",
    r0: "u32",
    r1: "u32",
    r2: "u32",
    r3: "u32",
    r4: "u32",
    factor: "f32",
  },
  constants: ["OP"],
  workgroups: ({ count }) => overElements(count),
});

interface Operands {
  readonly x?: Tensor;
  readonly r?: Tensor;
  readonly dr?: Tensor;
}

/**
 * A new tensor of the given shape from x of that shape and from r and dr, which have size 1 along the reduced axes
 * (`kept`). Operands that the operation does not read may be left out. Not recorded.
 */
export function withReduced(
  tape: Tape,
  operation: (typeof OPERATIONS)[number],
  shape: Shape,
  kept: Shape,
  operands: Operands,
  factor = 1,
): Tensor {
  const y = tape.empty(shape);
  const { x, r, dr } = operands;
  const any = (x ?? r ?? dr) as Tensor;
  const walk = padAxes(operation, mergeAxes(shape, [broadcastStrides(kept, shape)]), 5);
  const [, n1, n2, n3, n4] = walk.sizes as [number, number, number, number, number];
  const [r0, r1, r2, r3, r4] = walk.strides[0] as [number, number, number, number, number];
  const sizes = { count: y.size, n1, n2, n3, n4, r0, r1, r2, r3, r4, factor };
  kernel.encode(tape, { x: x ?? any, r: r ?? any, dr: dr ?? any, y }, sizes, { OP: OPERATIONS.indexOf(operation) });
  return y;
}
