import { defineKernel, spread } from "../../engine/kernel/kernel.ts";
import { expectRank, expectShape, expectType } from "../../engine/shape.ts";
import type { Tape } from "../../engine/tape.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { addPartialSums } from "../partial_sums.ts";

/** As CHUNK in column_dot.wgsl, and as ROWS in the other shaders. */
const [ROWS_PER_CHUNK, ROWS_PER_THREAD] = [256, 16];

const matrix = { rows: "u32", cols: "u32" } as const;

const columnDot = defineKernel({
  file: new URL("./column_dot.wgsl", import.meta.url),
  bindings: { a: "read", b: "read", partial: "read_write" },
  sizes: matrix,
  workgroups: ({ rows, cols }) => spread(Math.ceil(rows / ROWS_PER_CHUNK) * cols, 32),
});

const forward = defineKernel({
  file: new URL("./forward.wgsl", import.meta.url),
  bindings: { v: "read", gain: "read", squares: "read", weight: "read_write" },
  sizes: matrix,
  workgroups: ({ rows, cols }) => spread(Math.ceil(rows / ROWS_PER_THREAD) * cols, 32),
});

const backwardV = defineKernel({
  file: new URL("./backward_v.wgsl", import.meta.url),
  bindings: { v: "read", gain: "read", squares: "read", dot: "read", dweight: "read", dv: "read_write" },
  sizes: matrix,
  workgroups: ({ rows, cols }) => spread(Math.ceil(rows / ROWS_PER_THREAD) * cols, 32),
});

const backwardGain = defineKernel({
  file: new URL("./backward_gain.wgsl", import.meta.url),
  bindings: { squares: "read", dot: "read", dgain: "read_write" },
  sizes: { cols: "u32" },
  workgroups: ({ cols }) => [Math.ceil(cols / 32)],
});

/**
 * A convolution's weight as direction and magnitude, one magnitude per kernel position: gain[k] · v[:, :, k] / ‖v[:, :, k]‖
 * (Salimans, Kingma, 2016; over both channel axes as in wav2vec2, PyTorch's `weight_norm` with dim=2).
 *
 * @param v    `[outs, channels, kernel]`; no kernel position all zeros
 * @param gain `[1, 1, kernel]`
 * @returns    `[outs, channels, kernel]`
 */
export function weightNorm(tape: Tape, v: Tensor, gain: Tensor): Tensor {
  expectType("weightNorm", "v", v, "f32");
  expectRank("weightNorm", "v", v, 3);
  const [outs, channels, cols] = v.shape as [number, number, number];
  expectShape("weightNorm", "gain", gain, [1, 1, cols]);
  const sizes = { rows: outs * channels, cols };
  const squares = columnDots(tape, v, v, sizes);
  const weight = tape.like(v);
  forward.encode(tape, { v, gain, squares, weight }, sizes, {});
  return tape.record("weightNorm", [v, gain], weight, [v, gain, squares], (dweight) => {
    const dot = columnDots(tape, dweight, v, sizes);
    if (v.needsGrad) backwardV.encode(tape, { v, gain, squares, dot, dweight, dv: tape.gradientOf(v) }, sizes, {});
    if (gain.needsGrad) backwardGain.encode(tape, { squares, dot, dgain: tape.gradientOf(gain) }, { cols }, {});
    return [undefined, undefined];
  });
}

/** Σ over rows of a · b: `[cols]`. */
function columnDots(tape: Tape, a: Tensor, b: Tensor, sizes: { rows: number; cols: number }): Tensor {
  const partial = tape.empty([Math.ceil(sizes.rows / ROWS_PER_CHUNK), sizes.cols]);
  columnDot.encode(tape, { a, b, partial }, sizes, {});
  const dots = tape.filled([sizes.cols], 0);
  addPartialSums(tape, partial, dots);
  return dots;
}
