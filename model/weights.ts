import type { Initialiser, Parameters } from "../engine/parameters.ts";
import { uniform } from "../engine/random.ts";
import type { Tensor } from "../engine/tensor.ts";

/** y = x Wᵀ + b. */
export interface LinearWeights {
  /** `[out, in]` */
  readonly weight: Tensor;
  /** `[out]`; undefined: no bias */
  readonly bias: Tensor | undefined;
}

export interface NormWeights {
  /** `[channels]` */
  readonly scale: Tensor;
  /** `[channels]` */
  readonly shift: Tensor;
}

export const zeros: Initialiser = () => 0;
export const ones: Initialiser = () => 1;

/** Uniform in ±1/√fanIn, PyTorch's default for the weights and biases of linear layers and convolutions. */
export const fanIn = (inputs: number): Initialiser => {
  const bound = 1 / Math.sqrt(inputs);
  return (i, key) => (2 * uniform(key, i) - 1) * bound;
};

/** PyTorch's default for embeddings: a normal distribution of variance 1, drawn by the Box-Muller transform. */
export const standardNormal: Initialiser = (i, key) =>
  Math.sqrt(-2 * Math.log(1 - uniform(key, 2 * i))) * Math.cos(2 * Math.PI * uniform(key, 2 * i + 1));

export function declareLinear(parameters: Parameters, name: string, inputs: number, outputs: number): LinearWeights {
  return {
    weight: parameters.add(`${name}.weight`, [outputs, inputs], { init: fanIn(inputs) }),
    bias: parameters.add(`${name}.bias`, [outputs], { init: fanIn(inputs), decay: false }),
  };
}

/** A convolution with kernel 1 is a linear map over channels; files store its weight as `[out, in, 1]`. */
export function declarePointwise(
  parameters: Parameters,
  name: string,
  inputs: number,
  outputs: number,
  { bias = true }: { bias?: boolean } = {},
): LinearWeights {
  return {
    weight: parameters.add(`${name}.weight`, [outputs, inputs], {
      init: fanIn(inputs),
      fileShape: [outputs, inputs, 1],
    }),
    bias: bias ? parameters.add(`${name}.bias`, [outputs], { init: fanIn(inputs), decay: false }) : undefined,
  };
}

export function declareNorm(parameters: Parameters, name: string, channels: number): NormWeights {
  return {
    scale: parameters.add(`${name}.weight`, [channels], { init: ones, decay: false }),
    shift: parameters.add(`${name}.bias`, [channels], { init: zeros, decay: false }),
  };
}
