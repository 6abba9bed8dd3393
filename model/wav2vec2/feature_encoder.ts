import type { Parameters } from "../../engine/parameters.ts";
import { normal } from "../../engine/random.ts";
import type { Tape } from "../../engine/tape.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { conv1d } from "../../kernels/conv1d/conv1d.ts";
import { groupNorm } from "../../kernels/group_norm/group_norm.ts";
import { layerNorm } from "../../kernels/layer_norm/layer_norm.ts";
import { gelu } from "../../kernels/pointwise/unary.ts";
import { fanIn, ones, zeros, type NormWeights } from "../weights.ts";
import type { Wav2Vec2Config } from "./config.ts";

interface ConvLayer {
  readonly weight: Tensor;
  readonly bias: Tensor | undefined;
  readonly stride: number;
  readonly norm: NormWeights | undefined;
}

/** Number of frames that the convolutions, all unpadded, make of `samples` samples. */
export function encodedFrames(
  { convKernels, convStrides }: Pick<Wav2Vec2Config, "convKernels" | "convStrides">,
  samples: number,
): number {
  return convKernels.reduce(
    (frames, kernel, i) => Math.max(0, Math.floor((frames - kernel) / (convStrides[i] as number)) + 1),
    samples,
  );
}

/** Samples that one frame sees, which is also the minimum for one frame. */
export const receptiveField = ({
  convKernels,
  convStrides,
}: Pick<Wav2Vec2Config, "convKernels" | "convStrides">): number =>
  convKernels.reduceRight((samples, kernel, i) => (samples - 1) * (convStrides[i] as number) + kernel, 1);

/** Samples from one frame to the next (the stride). */
export const encoderStride = ({ convStrides }: Pick<Wav2Vec2Config, "convStrides">): number =>
  convStrides.reduce((product, stride) => product * stride, 1);

/**
 * Waveform to features: strided convolutions, each followed by GELU. Either layer norm precedes every GELU, or group norm (one group
 * per channel) precedes the first (Baevski et al., 2020, section 2).
 */
export class FeatureEncoder {
  readonly #layers: readonly ConvLayer[];
  readonly #config: Wav2Vec2Config;

  constructor(parameters: Parameters, name: string, config: Wav2Vec2Config) {
    this.#config = config;
    const { convDims, convKernels, convStrides, convBias, featureNorm, freezeFeatureEncoder: frozen } = config;
    this.#layers = convDims.map((outputs, i) => {
      const [inputs, kernel] = [convDims[i - 1] ?? config.inputDim, convKernels[i] as number];
      const at = (part: string): string => `${name}.conv_layers.${i}.${part}`;
      const deviation = Math.sqrt(2 / (inputs * kernel)); // He et al., 2015
      const weight = parameters.add(at("conv.weight"), [outputs, inputs, kernel], {
        init: (element, key) => deviation * normal(key, element),
        frozen,
      });
      const bias = convBias
        ? parameters.add(at("conv.bias"), [outputs], { init: fanIn(inputs * kernel), decay: false, frozen })
        : undefined;
      const hasNorm = featureNorm === "layer" || i === 0;
      const norm = hasNorm
        ? {
            scale: parameters.add(at("layer_norm.weight"), [outputs], { init: ones, decay: false, frozen }),
            shift: parameters.add(at("layer_norm.bias"), [outputs], { init: zeros, decay: false, frozen }),
          }
        : undefined;
      return { weight, bias, stride: convStrides[i] as number, norm };
    });
  }

  /** Waveforms `[batch, samples, 1]` to `[batch, encodedFrames(samples), channels]`. */
  forward(tape: Tape, waveforms: Tensor): Tensor {
    return this.#layers.reduce(
      (x, layer) => tape.scope(() => gelu(tape, this.#normalise(tape, this.#convolve(tape, x, layer), layer))),
      waveforms,
    );
  }

  #convolve = (tape: Tape, x: Tensor, { weight, bias, stride }: ConvLayer): Tensor =>
    conv1d(tape, x, weight, bias, { stride });

  #normalise(tape: Tape, x: Tensor, { norm }: ConvLayer): Tensor {
    if (!norm) return x;
    // These norms use PyTorch's default eps, whatever the config says.
    return this.#config.featureNorm === "layer"
      ? layerNorm(tape, x, norm.scale, norm.shift)
      : groupNorm(tape, x, norm.scale, norm.shift, { groups: x.shape[2] as number });
  }
}
