import { defineKernel, spread } from "../../engine/kernel/kernel.ts";
import { expectFloat, expectRank, expectShape, expectType, ShapeError } from "../../engine/shape.ts";
import type { Tape } from "../../engine/tape.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { defineVariants } from "../../engine/tuning/variants.ts";
import { addToGradients } from "../partial_sums.ts";

/** As in the shaders: outputs per thread in slide.wgsl and in slide_shared.wgsl, the latter's maximum of taps, taps per thread in backward_params.wgsl. */
const [FRAMES, SHARED_FRAMES, MOST_TAPS, TAPS] = [16, 8, 127, 16];

type Slide = Readonly<Record<"batch" | "frames" | "channels" | "kernel", number>>;

const slideVariants = defineVariants("depthwise_conv", {
  variants: {
    slide: { fits: ({ kernel }: Slide, { isSoftware }) => isSoftware || kernel > MOST_TAPS },
    slide_shared: { fits: ({ kernel }: Slide) => kernel <= MOST_TAPS },
  },
  defaults: (_, { isSoftware }) => (isSoftware ? ["slide"] : ["slide_shared", "slide"]),
});

const declaration = {
  bindings: { x: "read", weight: "read", bias: "read", lengths: "read", y: "read_write" },
  sizes: { batch: "u32", frames: "u32", channels: "u32", kernel: "u32", has_bias: "u32", has_lengths: "u32" },
  constants: ["BACKWARD"],
  work: ({ batch, frames, channels, kernel }: Slide) => batch * frames * channels * kernel,
} as const;

const slideKernels = {
  slide: defineKernel({
    ...declaration,
    file: new URL("./slide.wgsl", import.meta.url),
    workgroups: ({ batch, frames, channels }) => spread(batch * Math.ceil(frames / FRAMES) * channels, 32),
  }),
  slide_shared: defineKernel({
    ...declaration,
    file: new URL("./slide_shared.wgsl", import.meta.url),
    workgroups: ({ batch, frames, channels }) => [
      Math.ceil(channels / 32),
      Math.ceil(frames / SHARED_FRAMES / 4),
      batch,
    ],
  }),
};

const backwardParams = defineKernel({
  file: new URL("./backward_params.wgsl", import.meta.url),
  bindings: { x: "read", dy: "read", lengths: "read", partial: "read_write" },
  sizes: { batch: "u32", frames: "u32", channels: "u32", kernel: "u32", has_lengths: "u32", chunk: "u32" },
  workgroups: ({ batch, frames, channels, kernel, chunk }) =>
    spread(batch * Math.ceil(frames / chunk) * Math.ceil(kernel / TAPS) * channels, 32),
});

export interface DepthwiseConvOptions {
  /** i32 `[batch]`: frames beyond an utterance's length count as zeros and get no gradient. */
  readonly lengths?: Tensor | undefined;
}

/**
 * Convolves each channel over time with its own filter, with zeros at both ends so that no frame is lost:
 * y[t, c] = bias[c] + Σ_k weight[c, k] · x[t + k - ⌊kernel/2⌋, c]. Every frame of y is written, padding too.
 *
 * @param x      `[batch, frames, channels]`, f32 or f16; the arithmetic is f32
 * @param weight `[channels, 1, kernel]`, kernel odd
 * @param bias   `[channels]`
 * @returns      `[batch, frames, channels]`
 */
export function depthwiseConv(
  tape: Tape,
  x: Tensor,
  weight: Tensor,
  bias?: Tensor,
  options: DepthwiseConvOptions = {},
): Tensor {
  expectFloat("depthwiseConv", "x", x);
  expectRank("depthwiseConv", "x", x, 3);
  const [batch, frames, channels] = x.shape as [number, number, number];
  expectShape("depthwiseConv", "weight", weight, [channels, 1, null]);
  const kernel = weight.shape[2] as number;
  if (kernel % 2 === 0) throw new ShapeError("depthwiseConv", "weight", "an odd kernel", `a kernel of ${kernel}`);
  if (bias) expectShape("depthwiseConv", "bias", bias, [channels]);
  if (options.lengths) {
    expectType("depthwiseConv", "lengths", options.lengths, "i32");
    expectShape("depthwiseConv", "lengths", options.lengths, [batch]);
  }
  const has_lengths = options.lengths ? 1 : 0;
  // A dummy is bound for absent lengths; it is not read.
  const lengths = options.lengths ?? tape.empty([1], "i32");
  const sizes = { batch, frames, channels, kernel, has_lengths };

  const y = tape.like(x);
  const slide = slideKernels[slideVariants.choose(tape.device, { batch, frames, channels, kernel })];
  slide.encode(
    tape,
    { x, weight, bias: bias ?? weight, lengths, y },
    { ...sizes, has_bias: bias ? 1 : 0 },
    { BACKWARD: false },
  );
  return tape.record("depthwiseConv", bias ? [x, weight, bias] : [x, weight], y, [x, weight, lengths], (dy) => {
    let dx: Tensor | undefined;
    if (x.needsGrad) {
      dx = tape.like(x);
      slide.encode(
        tape,
        { x: dy, weight, bias: weight, lengths, y: dx },
        { ...sizes, has_bias: 0 },
        { BACKWARD: true },
      );
    }
    if (weight.needsGrad || bias?.needsGrad) {
      const chunk = tape.device.isSoftware ? 128 : 32;
      const partial = tape.empty([batch * Math.ceil(frames / chunk), channels * (kernel + 1)]);
      backwardParams.encode(tape, { x, dy, lengths, partial }, { ...sizes, chunk }, {});
      addToGradients(tape, partial, weight, bias);
    }
    return [dx, undefined, undefined];
  });
}
