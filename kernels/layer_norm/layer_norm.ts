import { defineKernel, spread } from "../../engine/kernel.ts";
import { expectShape, expectType, rowsAndCols } from "../../engine/shape.ts";
import type { Tape } from "../../engine/tape.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { addPartialSums } from "../partial_sums.ts";

/** As CHUNK in backward_params.wgsl. */
const ROWS_PER_CHUNK = 32;

const forward = defineKernel({
  file: new URL("./forward.wgsl", import.meta.url),
  bindings: { x: "read", scale: "read", shift: "read", y: "read_write", stats: "read_write" },
  sizes: { rows: "u32", eps: "f32", cols: "u32" },
  workgroups: ({ rows }) => spread(rows, 32),
});

const backwardInput = defineKernel({
  file: new URL("./backward_input.wgsl", import.meta.url),
  bindings: { x: "read", scale: "read", stats: "read", dy: "read", dx: "read_write" },
  sizes: { rows: "u32", cols: "u32" },
  workgroups: ({ rows }) => spread(rows, 32),
});

const backwardParams = defineKernel({
  file: new URL("./backward_params.wgsl", import.meta.url),
  bindings: { x: "read", stats: "read", dy: "read", partial: "read_write" },
  sizes: { rows: "u32", cols: "u32" },
  workgroups: ({ rows, cols }) => [Math.ceil(cols / 32), Math.ceil(rows / ROWS_PER_CHUNK)],
});

/**
 * Normalises each row to zero mean and unit variance, then scales and shifts it (Ba, Kiros, Hinton, 2016).
 *
 * @param x     `[…, channels]`
 * @param scale `[channels]`
 * @param shift `[channels]`
 * @param eps   added to the population variance
 * @returns     same shape as x
 */
export function layerNorm(tape: Tape, x: Tensor, scale: Tensor, shift: Tensor, eps = 1e-5): Tensor {
  expectType("layerNorm", "x", x, "f32");
  const { rows, cols } = rowsAndCols("layerNorm", "x", x);
  expectShape("layerNorm", "scale", scale, [cols]);
  expectShape("layerNorm", "shift", shift, [cols]);
  const y = tape.like(x);
  const stats = tape.empty([rows, 2]);
  forward.encode(tape, { x, scale, shift, y, stats }, { rows, eps, cols }, {});
  return tape.record("layerNorm", [x, scale, shift], y, [x, scale, stats], (dy) => {
    const dx = tape.like(x);
    backwardInput.encode(tape, { x, scale, stats, dy, dx }, { rows, cols }, {});
    if (scale.needsGrad) {
      const chunks = Math.ceil(rows / ROWS_PER_CHUNK);
      const partial = tape.empty([chunks, 2 * cols]);
      backwardParams.encode(tape, { x, stats, dy, partial }, { rows, cols }, {});
      addPartialSums(tape, partial, tape.gradientOf(scale));
      addPartialSums(tape, partial, tape.gradientOf(shift), cols);
    }
    return [dx, undefined, undefined];
  });
}
