import { expectAxis, expectFloat, expectType, rowsAndCols, ShapeError, showShape, sizeOf } from "../../engine/shape.ts";
import type { Tape } from "../../engine/tape.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { broadcastStrides } from "./broadcast_strides.ts";
import { encodeBackward, encodeForward, type Masking, type RowSizes } from "./kernels.ts";

/**
 * exp(x) / Σ exp(x) along an axis. -∞ gives 0; a row of nothing else gives zeros.
 *
 * @param x    any shape, f32 or f16; the arithmetic is f32
 * @param axis may count from the end; default the last
 * @returns    same shape as x
 */
export function softmax(tape: Tape, x: Tensor, axis = -1): Tensor {
  return alongAxis(tape, "softmax", x, axis, false);
}

/** log(softmax(x)) along an axis, without the overflow or underflow of computing the two in turn. Same shape as x. */
export function logSoftmax(tape: Tape, x: Tensor, axis = -1): Tensor {
  return alongAxis(tape, "logSoftmax", x, axis, true);
}

/**
 * Softmax along the last axis over the positions whose mask is 1. Elsewhere, and in rows without any such position,
 * the result is 0 and no gradient flows back.
 *
 * @param x    `[…, cols]`, f32 or f16
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
  const along = expectAxis(name, axis, x.shape.length);
  const cols = x.shape[along] as number;
  const inner = sizeOf(x.shape.slice(along + 1));
  return ofRows(tape, name, x, { rows: sizeOf(x.shape.slice(0, along)) * inner, cols, inner }, log);
}

function masked(tape: Tape, name: string, x: Tensor, mask: Tensor, log: boolean): Tensor {
  expectType(name, "mask", mask, "u32");
  const { rows, cols } = rowsAndCols(name, "x", x);
  const layout = broadcastStrides(mask.shape, x.shape);
  if (!layout)
    throw new ShapeError(name, "mask", `${showShape(x.shape)} or what broadcasts to it`, showShape(mask.shape));
  return ofRows(tape, name, x, { rows, cols, inner: 1 }, log, { mask, ...layout });
}

/** Logarithms are f32, as the losses that read them are. */
function ofRows(tape: Tape, name: string, x: Tensor, sizes: RowSizes, log: boolean, masking?: Masking): Tensor {
  if (log) expectType(name, "x", x, "f32");
  else expectFloat(name, "x", x);
  const y = tape.like(x);
  encodeForward(tape, x, y, sizes, log, masking);
  return tape.record(name, [x], y, [y], (dy) => {
    const dx = tape.like(x);
    encodeBackward(tape, y, dy, dx, sizes, log, masking !== undefined);
    return [dx];
  });
}
