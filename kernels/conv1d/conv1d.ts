import { defineKernel, spread } from "../../engine/kernel/kernel.ts";
import { expectFloat, expectRank, expectShape, expectType, ShapeError, showShape } from "../../engine/shape.ts";
import type { Tape } from "../../engine/tape.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { addParamTiles, slideTiles, type Convolution } from "../conv2d/tiles.ts";
import { addPartialSums } from "../partial_sums.ts";
import { conv1dVariants as variants } from "./variant.ts";
import { addToWindowParams, addWindows, multiplyWindows, windowsFit } from "./windows.ts";

/** As in the shaders: output (backward: input) channels, frames and taps per thread. */
const [CHANNELS, FRAMES, TAPS] = [8, 8, 4];
/** Enough chunks to keep a GPU busy, but few enough to be cheap to add up and to fit in 16 MiB. */
const [MAX_CHUNKS, MAX_PARTIAL_SUMS] = [64, 2 ** 22];

const geometry = {
  batch: "u32",
  frames: "u32",
  channels: "u32",
  out_frames: "u32",
  outs: "u32",
  kernel: "u32",
  stride: "u32",
  padding: "u32",
  dilation: "u32",
  groups: "u32",
} as const;

const blocksOf = (channels: number, groups: number): number => groups * Math.ceil(channels / groups / CHANNELS);

const workOf = ({
  batch,
  out_frames,
  outs,
  kernel,
  channels,
  groups,
}: Readonly<Record<keyof typeof geometry, number>>): number => batch * out_frames * outs * kernel * (channels / groups);

const forward = defineKernel({
  file: new URL("./forward.wgsl", import.meta.url),
  bindings: { x: "read", weight: "read", bias: "read", y: "read_write" },
  sizes: { ...geometry, has_bias: "u32" },
  work: workOf,
  workgroups: ({ batch, out_frames, outs, groups }) => [
    ...spread(Math.ceil((batch * out_frames) / FRAMES), 32),
    blocksOf(outs, groups),
  ],
});

const backwardInput = defineKernel({
  file: new URL("./backward_input.wgsl", import.meta.url),
  bindings: { weight: "read", dy: "read", dx: "read_write" },
  sizes: geometry,
  work: workOf,
  workgroups: ({ batch, frames, channels, stride, groups }) => [
    ...spread(Math.ceil((batch * Math.ceil(frames / stride)) / FRAMES), 32),
    blocksOf(channels, groups) * stride,
  ],
});

const backwardParams = defineKernel({
  file: new URL("./backward_params.wgsl", import.meta.url),
  bindings: { x: "read", dy: "read", partial: "read_write" },
  sizes: { ...geometry, frames_per_chunk: "u32" },
  work: workOf,
  workgroups: ({ batch, channels, out_frames, outs, kernel, groups, frames_per_chunk }) => [
    Math.ceil(((channels / groups) * kernel + 1) / (16 * TAPS)),
    Math.ceil((batch * out_frames) / frames_per_chunk),
    blocksOf(outs, groups),
  ],
});

export interface Conv1dOptions {
  /** Default 1. */
  readonly stride?: number;
  /** Zeros at both ends, or before the first and after the last frame; default 0. */
  readonly padding?: number | readonly [before: number, after: number];
  /** Frames between neighbouring taps; default 1. */
  readonly dilation?: number;
  /** Channels and outs are split into this many independent groups; default 1. */
  readonly groups?: number;
}

/**
 * Convolution (cross-correlation) over time. The result has the tape's type for activations. For one filter per channel `depthwiseConv` is faster.
 *
 * @param x      `[batch, frames, channels]`, f32 or f16
 * @param weight `[outs, channels / groups, kernel]`
 * @param bias   `[outs]`
 * @returns      `[batch, outFrames, outs]`, outFrames = ⌊(frames + padding - dilation · (kernel - 1) - 1) / stride⌋ + 1
 */
export function conv1d(tape: Tape, x: Tensor, weight: Tensor, bias?: Tensor, options: Conv1dOptions = {}): Tensor {
  const sizes = checkSizes(x, weight, bias, options);
  const { batch, frames, channels, out_frames, outs, kernel, groups } = sizes;
  const conv = asImage(sizes);
  const windows = windowsFit(sizes);
  const choice = { groups, rows: batch * out_frames, taps: kernel, depth: channels / groups, cols: outs / groups };

  const y = tape.empty([batch, out_frames, outs], tape.activation);
  const variant = variants.forward.choose(tape.device, { ...choice, windows: windows.forward });
  if (variant === "product") multiplyWindows(tape, sizes, x, weight, y, bias);
  else if (variant === "direct")
    forward.encode(tape, { x, weight, bias: bias ?? weight, y }, { ...sizes, has_bias: bias ? 1 : 0 }, {});
  else slideTiles(tape, variant, conv, weight, x, y, { bias });
  return tape.record("conv1d", bias ? [x, weight, bias] : [x, weight], y, [x, weight], (dy) => {
    let dx: Tensor | undefined;
    if (x.needsGrad) {
      dx = tape.like(x);
      const choice = {
        groups,
        rows: batch * frames,
        taps: kernel,
        depth: outs / groups,
        cols: channels / groups,
        windows: windows.backwardInput,
      };
      const variant = variants.backwardInput.choose(tape.device, choice);
      if (variant === "product") addWindows(tape, sizes, weight, dy, dx);
      else if (variant === "direct") backwardInput.encode(tape, { weight, dy, dx }, sizes, {});
      else slideTiles(tape, variant, conv, weight, dy, dx, { backward: true });
    }
    if (weight.needsGrad || bias?.needsGrad) {
      const variant = variants.backwardParams.choose(tape.device, { ...choice, windows: windows.backwardParams });
      if (variant === "product") addToWindowParams(tape, sizes, x, dy, weight, bias);
      else if (variant === "direct") addToParams(tape, sizes, x, dy, weight, bias);
      else addParamTiles(tape, variant, conv, x, dy, weight, bias);
    }
    return [dx, undefined, undefined];
  });
}

type Geometry = ReturnType<typeof checkSizes>;

/** As a convolution of one-row images. */
const asImage = ({ frames, out_frames, kernel, padding, ...sizes }: Geometry): Convolution => ({
  ...sizes,
  height: 1,
  width: frames,
  out_height: 1,
  out_width: out_frames,
  kernel_height: 1,
  kernel_width: kernel,
  padding_height: 0,
  padding_width: padding,
});

function addToParams(
  tape: Tape,
  sizes: Geometry,
  x: Tensor,
  dy: Tensor,
  weight: Tensor,
  bias: Tensor | undefined,
): void {
  const columns = weight.size + sizes.outs;
  const frames = sizes.batch * sizes.out_frames;
  const chunks = Math.max(1, Math.min(MAX_CHUNKS, Math.floor(MAX_PARTIAL_SUMS / columns)));
  const frames_per_chunk = Math.ceil(frames / chunks);
  const partial = tape.empty([Math.ceil(frames / frames_per_chunk), columns]);
  backwardParams.encode(tape, { x, dy, partial }, { ...sizes, frames_per_chunk }, {});
  if (weight.needsGrad) addPartialSums(tape, partial, tape.gradientOf(weight));
  if (bias?.needsGrad) addPartialSums(tape, partial, tape.gradientOf(bias), weight.size);
}

function checkSizes(x: Tensor, weight: Tensor, bias: Tensor | undefined, options: Conv1dOptions) {
  const { stride = 1, dilation = 1, groups = 1 } = options;
  const [before, after] =
    typeof options.padding === "object" ? options.padding : [options.padding ?? 0, options.padding ?? 0];
  expectFloat("conv1d", "x", x);
  expectType("conv1d", "weight", weight, "f32");
  expectRank("conv1d", "x", x, 3);
  const [batch, frames, channels] = x.shape as [number, number, number];
  if (channels % groups !== 0)
    throw new ShapeError("conv1d", "groups", `a divisor of ${channels} channels`, String(groups));
  expectShape("conv1d", "weight", weight, [null, channels / groups, null]);
  const [outs, , kernel] = weight.shape as [number, number, number];
  if (outs % groups !== 0)
    throw new ShapeError("conv1d", "weight", `a multiple of ${groups} groups as first axis`, showShape(weight.shape));
  if (bias) expectShape("conv1d", "bias", bias, [outs]);
  const reach = dilation * (kernel - 1) + 1;
  const out_frames = Math.floor((frames + before + after - reach) / stride) + 1;
  if (out_frames < 1)
    throw new ShapeError("conv1d", "x", `at least ${reach - before - after} frames`, showShape(x.shape));
  return { batch, frames, channels, out_frames, outs, kernel, stride, padding: before, dilation, groups };
}
