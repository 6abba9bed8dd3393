import { defineKernel } from "../../engine/kernel/kernel.ts";
import { expectShape, expectType } from "../../engine/shape.ts";
import type { Tape } from "../../engine/tape.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { overElements } from "../../engine/kernel/grid.ts";
import { scaled } from "./unary.ts";

const forward = defineKernel({
  file: new URL("./add_scaled.wgsl", import.meta.url),
  bindings: { a: "read", b: "read", y: "read_write" },
  sizes: { count: "u32", factor: "f32" },
  workgroups: ({ count }) => overElements(count),
});

/** A weighted sum, a + factor · b, for a and b of the same shape: the terms of a loss. Residual connections are `residual`. */
export function addScaled(tape: Tape, a: Tensor, b: Tensor, factor: number): Tensor {
  expectType("addScaled", "a", a, "f32");
  expectType("addScaled", "b", b, "f32");
  expectShape("addScaled", "b", b, a.shape);
  const y = tape.like(a);
  forward.encode(tape, { a, b, y }, { count: y.size, factor }, {});
  return tape.record("addScaled", [a, b], y, [], (dy) => [
    dy,
    !b.needsGrad ? undefined : factor === 1 ? dy : scaled(tape, dy, factor),
  ]);
}
