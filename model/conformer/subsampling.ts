import type { Parameters } from "../../engine/parameters.ts";
import type { Tape } from "../../engine/tape.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { conv2d } from "../../kernels/conv2d/conv2d.ts";
import { linear } from "../../kernels/linear/linear.ts";
import { permute } from "../../kernels/shaping/shaping.ts";
import type { ConformerConfig } from "./config.ts";
import { declareLinear, fanIn, type LinearWeights } from "../weights.ts";

/** Feature frames per output frame (the stride). */
export const SUBSAMPLING = 4;

/** Frames left after two unpadded convolutions of width 3 and stride 2; each sees only real frames. */
export function subsampledLength(frames: number): number {
  const once = Math.floor((frames - 1) / 2);
  return Math.max(0, Math.floor((once - 1) / 2));
}

/** Minimum number of frames that gives an output frame. */
export const MIN_FRAMES = 7;

/** Subsamples by 4: two 3x3 convolutions over time and frequency with stride 2 and ReLU, then a linear map. */
export class Conv2dSubsampling {
  readonly #first: { readonly weight: Tensor; readonly bias: Tensor };
  readonly #second: { readonly weight: Tensor; readonly bias: Tensor };
  readonly #out: LinearWeights;

  constructor(parameters: Parameters, name: string, config: ConformerConfig) {
    const { subsamplingChannels: channels, inputDim, dim } = config;
    const declare = (at: string, inputs: number) => ({
      weight: parameters.add(`${at}.weight`, [channels, inputs, 3, 3], { init: fanIn(inputs * 9) }),
      bias: parameters.add(`${at}.bias`, [channels], { init: fanIn(inputs * 9), decay: false }),
    });
    this.#first = declare(`${name}.conv.0`, 1);
    this.#second = declare(`${name}.conv.2`, channels);
    this.#out = declareLinear(parameters, `${name}.out.0`, channels * subsampledLength(inputDim), dim);
  }

  /** `[batch, frames, bins]` to `[batch, subsampledLength(frames), dim]`. */
  forward(tape: Tape, features: Tensor): Tensor {
    const [batch, frames, bins] = features.shape as readonly [number, number, number];
    const image = tape.reshape(features, [batch, frames, bins, 1]);
    const once = conv2d(tape, image, this.#first.weight, this.#first.bias, { stride: 2, activation: "relu" });
    const twice = conv2d(tape, once, this.#second.weight, this.#second.bias, { stride: 2, activation: "relu" });
    const [, time, bands, channels] = twice.shape as readonly [number, number, number, number];
    // ESPnet's linear map reads channel-major vectors.
    const flat = tape.reshape(permute(tape, twice, [0, 1, 3, 2]), [batch, time, channels * bands]);
    return linear(tape, flat, this.#out.weight, this.#out.bias);
  }
}
