import { overElements } from "../../engine/grid.ts";
import { defineKernel } from "../../engine/kernel.ts";
import { expectFloat } from "../../engine/shape.ts";
import type { Tape } from "../../engine/tape.ts";
import type { FloatType, Tensor } from "../../engine/tensor.ts";

const kernel = defineKernel({
  file: new URL("./cast.wgsl", import.meta.url),
  bindings: { x: "read", y: "read_write" },
  sizes: { count: "u32" },
  workgroups: ({ count }) => overElements(count),
});

/** x in another floating-point type, rounded to the nearest; x itself if it has that type. */
export function cast(tape: Tape, x: Tensor, dtype: FloatType): Tensor {
  expectFloat("cast", "x", x);
  if (x.dtype === dtype) return x;
  const converted = (from: Tensor, to: FloatType): Tensor => {
    const y = tape.empty(from.shape, to);
    kernel.encode(tape, { x: from, y }, { count: y.size }, {});
    return y;
  };
  return tape.record("cast", [x], converted(x, dtype), [], (dy) => [converted(dy, x.dtype as FloatType)]);
}
