/*
 * Convolution of images by the product's kernels: x is copied window by window into the rows of a matrix ("im2col"), whose product
 * with the weight is the result. The copy is taps / stride² times x, which a CPU's caches and memory bear better than a loop that
 * loads each element for every output; a GPU's tiles gather the windows themselves (workgroup_tile.wgsl).
 */
import { defineKernel, spread } from "../../engine/kernel/kernel.ts";
import type { Tape } from "../../engine/tape.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { encodeProduct } from "../matmul/product.ts";
import { paddedGeometry, type PaddedGeometry } from "./tiles.ts";
import { addToBias, addToPacked, packWeight, type Filter } from "./packed_weight.ts";

const gather = defineKernel({
  file: new URL("./gather_windows.wgsl", import.meta.url),
  bindings: { x: "read", windows: "read_write" },
  sizes: paddedGeometry,
  workgroups: (of) => spread((positionsOf(of) * tapsOf(of) * of.channels) / 4, 64),
});

const add = defineKernel({
  file: new URL("./add_windows.wgsl", import.meta.url),
  bindings: { windows: "read", dx: "read_write" },
  sizes: paddedGeometry,
  workgroups: ({ batch, height, width, channels }) => spread((batch * height * width * channels) / 4, 64),
});

const positionsOf = ({ batch, out_height, out_width }: PaddedGeometry): number => batch * out_height * out_width;
const tapsOf = ({ kernel_height, kernel_width }: PaddedGeometry): number => kernel_height * kernel_width;

/** What a software driver can bind at once. */
const MAX_BYTES = 2 ** 27;

/** Whether the functions below can compute this: channels are read and written four at a time. */
export const windowsFit = (of: PaddedGeometry): boolean =>
  of.channels % 4 === 0 && of.outs % 4 === 0 && 4 * positionsOf(of) * tapsOf(of) * of.channels <= MAX_BYTES;

const filterOf = (of: PaddedGeometry): Filter => ({
  taps: tapsOf(of),
  channels: of.channels,
  outs: of.outs,
  groups: 1,
});

function windowsOf(tape: Tape, of: PaddedGeometry, x: Tensor): Tensor {
  const windows = tape.empty([positionsOf(of), tapsOf(of) * of.channels], x.dtype);
  gather.encode(tape, { x, windows }, of, {});
  return windows;
}

/** y = activation(windows · weight + bias). The weight is rounded where the tape's activations are f16. */
export function multiplyWindows(
  tape: Tape,
  of: PaddedGeometry,
  x: Tensor,
  weight: Tensor,
  y: Tensor,
  { bias, relu }: { readonly bias: Tensor | undefined; readonly relu: boolean },
): void {
  const sizes = { rows: positionsOf(of), cols: of.outs, inner: tapsOf(of) * of.channels };
  // A scope of its own, so that the windows are free at once.
  tape.scope(() => {
    const packed = packWeight(tape, filterOf(of), weight);
    encodeProduct(tape, windowsOf(tape, of, x), packed, y, sizes, { bias, activation: relu ? "relu" : "none" });
    return [];
  });
}

/** dx: the gradient of the windows, dy · weightᵀ, added up where windows overlap. */
export function addWindows(tape: Tape, of: PaddedGeometry, weight: Tensor, dy: Tensor, dx: Tensor): void {
  const sizes = { rows: positionsOf(of), cols: tapsOf(of) * of.channels, inner: of.outs };
  tape.scope(() => {
    const windows = tape.empty([sizes.rows, sizes.cols]);
    encodeProduct(tape, dy, packWeight(tape, filterOf(of), weight), windows, sizes, { transposeB: true });
    add.encode(tape, { windows, dx }, of, {});
    return [];
  });
}

/** Adds windowsᵀ · dy, and the sum of dy, to the gradients of weight and bias, where needed. */
export function addToWindowParams(
  tape: Tape,
  of: PaddedGeometry,
  x: Tensor,
  dy: Tensor,
  weight: Tensor,
  bias: Tensor | undefined,
): void {
  if (weight.needsGrad) {
    const sizes = { rows: tapsOf(of) * of.channels, cols: of.outs, inner: positionsOf(of) };
    tape.scope(() => {
      const partial = tape.empty([1, weight.size]);
      encodeProduct(tape, windowsOf(tape, of, x), dy, partial, sizes, { transposeA: true });
      addToPacked(tape, filterOf(of), partial, weight);
      return [];
    });
  }
  if (bias?.needsGrad) addToBias(tape, dy, bias);
}
