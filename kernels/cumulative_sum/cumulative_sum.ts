import { defineKernel, spread } from "../../engine/kernel/kernel.ts";
import { expectAxis, expectType, sizeOf } from "../../engine/shape.ts";
import type { Tape } from "../../engine/tape.ts";
import type { Tensor } from "../../engine/tensor.ts";

const scan = defineKernel({
  file: new URL("./scan.wgsl", import.meta.url),
  bindings: { x: "read", y: "read_write" },
  sizes: { lines: "u32", count: "u32", inner: "u32" },
  constants: ["BACKWARD"],
  workgroups: ({ lines }) => spread(lines, 1),
});

/** The sums of the elements up to each one along an axis: y[k] = x[0] + … + x[k]. */
export function cumulativeSum(tape: Tape, x: Tensor, axis = -1): Tensor {
  expectType("cumulativeSum", "x", x, "f32");
  const along = expectAxis("cumulativeSum", axis, x.shape.length);
  const [count, inner] = [x.shape[along]!, sizeOf(x.shape.slice(along + 1))];
  const lines = sizeOf(x.shape.slice(0, along)) * inner;
  const scanned = (from: Tensor, BACKWARD: boolean): Tensor => {
    const y = tape.like(from);
    if (y.size > 0) scan.encode(tape, { x: from, y }, { lines, count, inner }, { BACKWARD });
    return y;
  };
  return tape.record("cumulativeSum", [x], scanned(x, false), [], (dy) => [scanned(dy, true)]);
}
