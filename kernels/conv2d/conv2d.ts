import { defineKernel, spread } from "../../engine/kernel/kernel.ts";
import { expectFloat, expectRank, expectShape, expectType, ShapeError, showShape } from "../../engine/shape.ts";
import type { Tape } from "../../engine/tape.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { addPartialSums } from "../partial_sums.ts";
import { addParamTiles, paddedGeometry, slideTiles, type PaddedGeometry } from "./tiles.ts";
import { conv2dVariants as variants } from "./variant.ts";
import { addToWindowParams, addWindows, multiplyWindows, windowsFit } from "./windows.ts";

/** As in the shaders: output (backward: input) channels, positions and taps per thread; elements of the ReLU. */
const [CHANNELS, POSITIONS, TAPS, ELEMENTS] = [8, 4, 4, 8];
/** Enough chunks to keep a device busy, but few enough to be cheap to add up and to fit in 16 MiB: with large filters each has enough work. */
const [MAX_CHUNKS, MAX_PARTIAL_SUMS] = [64, 2 ** 22];

const workOf = ({
  batch,
  out_height,
  out_width,
  outs,
  kernel_height,
  kernel_width,
  channels,
}: PaddedGeometry): number => batch * out_height * out_width * outs * kernel_height * kernel_width * channels;

const forward = defineKernel({
  file: new URL("./forward.wgsl", import.meta.url),
  bindings: { x: "read", weight: "read", bias: "read", y: "read_write" },
  sizes: { ...paddedGeometry, has_bias: "u32", relu: "u32" },
  work: workOf,
  workgroups: ({ batch, out_height, out_width, outs }) => [
    ...spread(Math.ceil((batch * out_height * out_width) / POSITIONS), 32),
    Math.ceil(outs / CHANNELS),
  ],
});

const backwardRelu = defineKernel({
  file: new URL("./backward_relu.wgsl", import.meta.url),
  bindings: { y: "read", dy: "read", dsum: "read_write" },
  sizes: { count: "u32" },
  workgroups: ({ count }) => spread(count, 64 * ELEMENTS),
});

const backwardInput = defineKernel({
  file: new URL("./backward_input.wgsl", import.meta.url),
  bindings: { weight: "read", dy: "read", dx: "read_write" },
  sizes: paddedGeometry,
  work: workOf,
  workgroups: ({ batch, height, width, channels, stride }) => [
    ...spread(Math.ceil((batch * Math.ceil(height / stride) * Math.ceil(width / stride)) / POSITIONS), 32),
    Math.ceil(channels / CHANNELS) * stride * stride,
  ],
});

const backwardParams = defineKernel({
  file: new URL("./backward_params.wgsl", import.meta.url),
  bindings: { x: "read", dy: "read", partial: "read_write" },
  sizes: { ...paddedGeometry, rows_per_chunk: "u32" },
  work: workOf,
  workgroups: ({ batch, channels, out_height, outs, kernel_height, kernel_width, rows_per_chunk }) => [
    Math.ceil((channels * kernel_height * kernel_width + 1) / (16 * TAPS)),
    Math.ceil((batch * out_height) / rows_per_chunk),
    Math.ceil(outs / CHANNELS),
  ],
});

export interface Conv2dOptions {
  /** Of both axes; default 1. */
  readonly stride?: number;
  /** Zeros on all four sides; default 0. */
  readonly padding?: number;
  /** Applied to the result in the same kernel. */
  readonly activation?: "none" | "relu";
}

/**
 * Two-dimensional convolution (cross-correlation) of channels-last images. The result has the tape's type for activations.
 *
 * @param x      `[batch, height, width, channels]`, f32 or f16
 * @param weight `[outs, channels, kernelHeight, kernelWidth]`
 * @param bias   `[outs]`
 * @returns      `[batch, outHeight, outWidth, outs]`, outHeight = ⌊(height + 2 · padding - kernelHeight) / stride⌋ + 1
 */
export function conv2d(tape: Tape, x: Tensor, weight: Tensor, bias?: Tensor, options: Conv2dOptions = {}): Tensor {
  const { stride = 1, padding = 0, activation = "none" } = options;
  const sizes = checkSizes(x, weight, bias, stride, padding);
  const { batch, channels, out_height, out_width, outs, kernel_height, kernel_width } = sizes;
  const relu = activation === "relu";
  const conv = { ...sizes, padding_height: padding, padding_width: padding, dilation: 1, groups: 1 };
  const positions = batch * out_height * out_width;
  const taps = kernel_height * kernel_width;
  const windows = windowsFit(sizes);

  const y = tape.empty([batch, out_height, out_width, outs], tape.activation);
  const variant = variants.forward.choose(tape.device, {
    groups: 1,
    rows: positions,
    taps,
    depth: channels,
    cols: outs,
    windows,
  });
  if (variant === "product") multiplyWindows(tape, sizes, x, weight, y, { bias, relu });
  else if (variant === "direct")
    forward.encode(
      tape,
      { x, weight, bias: bias ?? weight, y },
      { ...sizes, has_bias: bias ? 1 : 0, relu: relu ? 1 : 0 },
      {},
    );
  else slideTiles(tape, variant, conv, weight, x, y, { bias, relu });
  return tape.record("conv2d", bias ? [x, weight, bias] : [x, weight], y, relu ? [x, weight, y] : [x, weight], (dy) => {
    const dsum = relu ? tape.like(dy) : dy;
    if (relu) backwardRelu.encode(tape, { y, dy, dsum }, { count: y.size }, {});
    let dx: Tensor | undefined;
    if (x.needsGrad) {
      dx = tape.like(x);
      const rows = sizes.batch * sizes.height * sizes.width;
      const variant = variants.backwardInput.choose(tape.device, {
        groups: 1,
        rows,
        taps,
        depth: outs,
        cols: channels,
        windows,
      });
      if (variant === "product") addWindows(tape, sizes, weight, dsum, dx);
      else if (variant === "direct") backwardInput.encode(tape, { weight, dy: dsum, dx }, sizes, {});
      else slideTiles(tape, variant, conv, weight, dsum, dx, { backward: true });
    }
    if (weight.needsGrad || bias?.needsGrad) {
      const variant = variants.backwardParams.choose(tape.device, {
        groups: 1,
        rows: positions,
        taps,
        depth: channels,
        cols: outs,
        windows,
      });
      if (variant === "product") addToWindowParams(tape, sizes, x, dsum, weight, bias);
      else if (variant === "direct") addToParams(tape, sizes, x, dsum, weight, bias);
      else addParamTiles(tape, variant, conv, x, dsum, weight, bias);
    }
    return [dx, undefined, undefined];
  });
}

type Geometry = ReturnType<typeof checkSizes>;

function addToParams(
  tape: Tape,
  sizes: Geometry,
  x: Tensor,
  dy: Tensor,
  weight: Tensor,
  bias: Tensor | undefined,
): void {
  const rows = sizes.batch * sizes.out_height;
  const columns = weight.size + sizes.outs;
  const rows_per_chunk = Math.ceil(rows / Math.max(1, Math.min(MAX_CHUNKS, Math.floor(MAX_PARTIAL_SUMS / columns))));
  const partial = tape.empty([Math.ceil(rows / rows_per_chunk), columns]);
  backwardParams.encode(tape, { x, dy, partial }, { ...sizes, rows_per_chunk }, {});
  if (weight.needsGrad) addPartialSums(tape, partial, tape.gradientOf(weight));
  if (bias?.needsGrad) addPartialSums(tape, partial, tape.gradientOf(bias), weight.size);
}

function checkSizes(x: Tensor, weight: Tensor, bias: Tensor | undefined, stride: number, padding: number) {
  expectFloat("conv2d", "x", x);
  expectType("conv2d", "weight", weight, "f32");
  expectRank("conv2d", "x", x, 4);
  const [batch, height, width, channels] = x.shape as [number, number, number, number];
  expectShape("conv2d", "weight", weight, [null, channels, null, null]);
  const [outs, , kernel_height, kernel_width] = weight.shape as [number, number, number, number];
  if (bias) expectShape("conv2d", "bias", bias, [outs]);
  const out_height = Math.floor((height + 2 * padding - kernel_height) / stride) + 1;
  const out_width = Math.floor((width + 2 * padding - kernel_width) / stride) + 1;
  if (out_height < 1 || out_width < 1)
    throw new ShapeError(
      "conv2d",
      "x",
      `at least as large as the ${kernel_height} x ${kernel_width} kernel`,
      showShape(x.shape),
    );
  return { batch, height, width, channels, out_height, out_width, outs, kernel_height, kernel_width, stride, padding };
}
