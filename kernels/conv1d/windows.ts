/*
 * Convolution over time by the product's kernels. With channels last, the window that an output position sees is one stretch of
 * memory, kernel · channels values from stride · channels · position on: where nothing is padded, skipped or grouped, x *is* the
 * matrix of windows, whose rows overlap. Nothing is copied but the weight (3 MB for 512 channels, 3 taps).
 */
import { defineKernel, spread } from "../../engine/kernel.ts";
import type { Tape } from "../../engine/tape.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { addToBias, addToPacked, packWeight } from "../conv2d/packed_weight.ts";
import { encodeProduct } from "../matmul/product.ts";

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

/** Which of the functions below compute this. The product's kernels read the windows four elements at a time. */
export function windowsFit({ batch, frames, channels, out_frames, outs, kernel, stride, padding, dilation, groups }: Signals) {
  const asTheyLie = padding === 0 && (out_frames - 1) * stride + kernel <= frames && dilation === 1 && groups === 1;
  const fit = (utterance: number): boolean => asTheyLie && 4 * batch * utterance <= MAX_BYTES;
  return {
    forward: asTheyLie && channels % 4 === 0,
    backwardInput: fit(out_frames * kernel * channels),
    backwardParams: fit(outs * kernel * channels) && channels % 4 === 0,
  };
}

const filterOf = ({ kernel, channels, outs }: Signals) => ({ taps: kernel, channels, outs, groups: 1 });

/** The windows of an utterance are one matrix. */
const windowsOf = ({ frames, channels, stride }: Signals) => ({ row: stride * channels, matrix: frames * channels });

/** y = windows · weight + bias, a matrix an utterance. The weight is rounded where the tape's activations are f16. */
export function multiplyWindows(tape: Tape, of: Signals, x: Tensor, weight: Tensor, y: Tensor, bias: Tensor | undefined): void {
  const batches = { sizes: [1, 1, of.batch], a: [0, 0, 1], b: [0, 0, 0] } as const;
  const sizes = { rows: of.out_frames, cols: of.outs, inner: of.kernel * of.channels, batches, windows: windowsOf(of) };
  encodeProduct(tape, x, packWeight(tape, filterOf(of), weight), y, sizes, { bias });
}

/** dx: the gradient of the windows, dy · weightᵀ, added up where windows overlap. */
export function addWindows(tape: Tape, of: Signals, weight: Tensor, dy: Tensor, dx: Tensor): void {
  const window = of.kernel * of.channels;
  const columns = tape.empty([of.batch, of.out_frames, window]);
  const sizes = { rows: of.batch * of.out_frames, cols: window, inner: of.outs };
  encodeProduct(tape, dy, packWeight(tape, filterOf(of), weight), columns, sizes, { transposeB: true });
  const { batch, frames, channels, out_frames, kernel, stride } = of;
  overlapAdd.encode(tape, { columns, dx }, { batch, frames, channels, out_frames, kernel, stride }, {});
}

/** Adds windowsᵀ · dy, summed over the utterances, and the sum of dy to the gradients of weight and bias, as far as they want one. */
export function addToWindowParams(tape: Tape, of: Signals, x: Tensor, dy: Tensor, weight: Tensor, bias: Tensor | undefined): void {
  if (weight.needsGrad) {
    const partial = tape.empty([of.batch, weight.size]);
    const batches = { sizes: [1, 1, of.batch], a: [0, 0, 1], b: [0, 0, 1] } as const;
    const sizes = { rows: of.kernel * of.channels, cols: of.outs, inner: of.out_frames, batches, windows: windowsOf(of) };
    encodeProduct(tape, x, dy, partial, sizes, { transposeA: true });
    addToPacked(tape, filterOf(of), partial, weight);
  }
  if (bias?.needsGrad) addToBias(tape, dy, bias);
}
