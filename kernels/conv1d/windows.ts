/*
 * Convolution over time by the product's kernels. With channels last, the window of an output position is contiguous in
 * memory, kernel · channels values from stride · channels · position on: without padding or groups, x *is* the matrix of
 * windows, whose rows overlap, and only the weight is copied (3 MB for 512 channels, 3 taps). With padding or groups, x is
 * copied once, group by group with its padding, and each copy is such a matrix.
 */
import { defineKernel, spread } from "../../engine/kernel/kernel.ts";
import type { Tape } from "../../engine/tape.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { addToBias, addToPacked, packWeight } from "../conv2d/packed_weight.ts";
import { encodeProduct } from "../matmul/product.ts";
import { joinGroups, splitGroups } from "./groups.ts";

/** What a software driver can bind at once: all utterances' gradients of the weight, or of the windows. */
const MAX_BYTES = 2 ** 27;

const overlapAdd = defineKernel({
  file: new URL("./overlap_add.wgsl", import.meta.url),
  bindings: { columns: "read", dx: "read_write" },
  sizes: { batch: "u32", frames: "u32", channels: "u32", out_frames: "u32", kernel: "u32", stride: "u32" },
  workgroups: ({ batch, frames, channels }) => spread(batch * frames * channels, 64),
});

interface Signals {
  readonly batch: number;
  readonly frames: number;
  readonly channels: number;
  readonly out_frames: number;
  readonly outs: number;
  readonly kernel: number;
  readonly stride: number;
  readonly padding: number;
  readonly dilation: number;
  readonly groups: number;
}

/** Frames from the first to the last in any window, padding included. */
const spanOf = ({ out_frames, stride, kernel }: Signals): number => (out_frames - 1) * stride + kernel;

const asTheyLie = (of: Signals): boolean => of.groups === 1 && of.padding === 0 && spanOf(of) <= of.frames;

/** Which of the functions below compute this. The product's kernels read the windows four elements at a time. */
export function windowsFit(of: Signals) {
  const { batch, channels, out_frames, outs, kernel, groups } = of;
  const width = channels / groups;
  const bindable = (elements: number): boolean => of.dilation === 1 && 4 * batch * elements <= MAX_BYTES;
  const forward = width % 4 === 0 && (asTheyLie(of) ? of.dilation === 1 : bindable(spanOf(of) * channels));
  return {
    forward,
    backwardInput: asTheyLie(of) && bindable(out_frames * kernel * channels),
    backwardParams: forward && bindable(outs * kernel * width),
  };
}

const filterOf = ({ kernel, channels, outs, groups }: Signals) => ({
  taps: kernel,
  channels: channels / groups,
  outs: outs / groups,
  groups,
});

/** The matrices of windows, one per utterance and group, in x or in a copy of it. */
function windowsOf(tape: Tape, of: Signals, x: Tensor) {
  if (asTheyLie(of)) return { a: x, windows: { row: of.stride * of.channels, matrix: of.frames * of.channels } };
  const [width, span] = [of.channels / of.groups, spanOf(of)];
  return {
    a: splitGroups(tape, x, of.groups, of.padding, span),
    windows: { row: of.stride * width, matrix: span * width },
  };
}

/** y = windows · weight + bias. The weight is rounded where the tape's activations are f16. */
export function multiplyWindows(
  tape: Tape,
  of: Signals,
  x: Tensor,
  weight: Tensor,
  y: Tensor,
  bias: Tensor | undefined,
): void {
  const { batch, groups, out_frames } = of;
  const { taps, channels, outs } = filterOf(of);
  const { a, windows } = windowsOf(tape, of, x);
  const batches = { sizes: [1, batch, groups], a: [0, groups, 1], b: [0, 0, 1] } as const;
  const sizes = { rows: out_frames, cols: outs, inner: taps * channels, batches, windows };
  const packed = packWeight(tape, filterOf(of), weight);
  if (groups === 1) return encodeProduct(tape, a, packed, y, sizes, { bias });
  const parts = tape.empty([batch, groups, out_frames, outs]);
  encodeProduct(tape, a, packed, parts, sizes);
  joinGroups(tape, parts, y, bias);
}

/** dx: the gradient of the windows, dy · weightᵀ, added up where windows overlap. */
export function addWindows(tape: Tape, of: Signals, weight: Tensor, dy: Tensor, dx: Tensor): void {
  const { batch, frames, channels, out_frames, kernel, stride } = of;
  const columns = tape.empty([batch, out_frames, kernel * channels]);
  const sizes = { rows: batch * out_frames, cols: kernel * channels, inner: of.outs };
  encodeProduct(tape, dy, packWeight(tape, filterOf(of), weight), columns, sizes, { transposeB: true });
  overlapAdd.encode(tape, { columns, dx }, { batch, frames, channels, out_frames, kernel, stride }, {});
}

/** Adds windowsᵀ · dy, summed over the utterances, and the sum of dy to the gradients of weight and bias, where needed. */
export function addToWindowParams(
  tape: Tape,
  of: Signals,
  x: Tensor,
  dy: Tensor,
  weight: Tensor,
  bias: Tensor | undefined,
): void {
  if (weight.needsGrad) {
    const { batch, groups, out_frames } = of;
    const { taps, channels, outs } = filterOf(of);
    const { a, windows } = windowsOf(tape, of, x);
    const partial = tape.empty([batch, weight.size]);
    const batches = { sizes: [1, batch, groups], a: [0, groups, 1], b: [0, groups, 1] } as const;
    const sizes = { rows: taps * channels, cols: outs, inner: out_frames, batches, windows };
    encodeProduct(tape, a, groups === 1 ? dy : splitGroups(tape, dy, groups), partial, sizes, { transposeA: true });
    addToPacked(tape, filterOf(of), partial, weight);
  }
  if (bias?.needsGrad) addToBias(tape, dy, bias);
}
