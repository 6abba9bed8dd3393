import { defineKernel, spread } from "../../engine/kernel.ts";
import { expectAxis, expectType, rowsAndCols, ShapeError, showShape, sizeOf } from "../../engine/shape.ts";
import type { Tape } from "../../engine/tape.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { broadcastStrides } from "./broadcast_strides.ts";

const forward = defineKernel({
  file: new URL("./forward.wgsl", import.meta.url),
  bindings: { x: "read", y: "read_write" },
  sizes: { rows: "u32", cols: "u32", inner: "u32", minus_infinity: "f32" },
  constants: ["LOG"],
  workgroups: ({ rows }) => spread(rows, 32),
});

const maskedForward = defineKernel({
  file: new URL("./masked_forward.wgsl", import.meta.url),
  bindings: { x: "read", mask: "read", y: "read_write" },
  sizes: {
    rows: "u32", cols: "u32", second: "u32", third: "u32",
    stride_0: "u32", stride_1: "u32", stride_2: "u32", stride_3: "u32", minus_infinity: "f32",
  },
  constants: ["LOG"],
  workgroups: ({ rows }) => spread(rows, 32),
});

const backward = defineKernel({
  file: new URL("./backward.wgsl", import.meta.url),
  bindings: { y: "read", dy: "read", dx: "read_write" },
  sizes: { rows: "u32", cols: "u32", inner: "u32" },
  constants: ["LOG", "MASKED"],
  workgroups: ({ rows }) => spread(rows, 32),
});

/**
 * exp(x) / Σ exp(x) along an axis. -∞ counts as an impossible choice and gives 0; a row of nothing else gives zeros.
 *
 * @param x    any shape
 * @param axis may count from the end; default the last
 * @returns    same shape as x
 */
export function softmax(tape: Tape, x: Tensor, axis = -1): Tensor {
  return alongAxis(tape, "softmax", x, axis, false);
}

/** log(softmax(x)) along an axis, without the overflow or underflow of taking the two in turn. Same shape as x. */
export function logSoftmax(tape: Tape, x: Tensor, axis = -1): Tensor {
  return alongAxis(tape, "logSoftmax", x, axis, true);
}

/**
 * Softmax along the last axis over the positions whose mask is 1. Elsewhere, and in rows without any such position,
 * the result is 0 and nothing flows back.
 *
 * @param x    `[…, cols]`
 * @param mask u32, 1 = keep; x's shape, or one that broadcasts to it when x has at most four axes
 * @returns    same shape as x
 */
export function maskedSoftmax(tape: Tape, x: Tensor, mask: Tensor): Tensor {
  return masked(tape, "maskedSoftmax", x, mask, false);
}

/** As maskedSoftmax, its logarithm: -∞ where that has 0. */
export function maskedLogSoftmax(tape: Tape, x: Tensor, mask: Tensor): Tensor {
  return masked(tape, "maskedLogSoftmax", x, mask, true);
}

function alongAxis(tape: Tape, name: string, x: Tensor, axis: number, log: boolean): Tensor {
  expectType(name, "x", x, "f32");
  const along = expectAxis(name, axis, x.shape.length);
  const cols = x.shape[along] as number;
  const inner = sizeOf(x.shape.slice(along + 1));
  const sizes = { rows: sizeOf(x.shape.slice(0, along)) * inner, cols, inner };
  const y = tape.like(x);
  forward.encode(tape, { x, y }, { ...sizes, minus_infinity: -Infinity }, { LOG: log });
  return tape.record(name, [x], y, [y], (dy) => {
    const dx = tape.like(x);
    backward.encode(tape, { y, dy, dx }, sizes, { LOG: log, MASKED: false });
    return [dx];
  });
}

function masked(tape: Tape, name: string, x: Tensor, mask: Tensor, log: boolean): Tensor {
  expectType(name, "x", x, "f32");
  expectType(name, "mask", mask, "u32");
  const { rows, cols } = rowsAndCols(name, "x", x);
  const layout = broadcastStrides(mask.shape, x.shape);
  if (!layout) throw new ShapeError(name, "mask", `${showShape(x.shape)} or what broadcasts to it`, showShape(mask.shape));
  const y = tape.like(x);
  maskedForward.encode(tape, { x, mask, y }, { rows, cols, ...layout, minus_infinity: -Infinity }, { LOG: log });
  return tape.record(name, [x], y, [y], (dy) => {
    const dx = tape.like(x);
    backward.encode(tape, { y, dy, dx }, { rows, cols, inner: 1 }, { LOG: log, MASKED: true });
    return [dx];
  });
}
