import type { Parameters } from "../../engine/parameters.ts";
import { normal } from "../../engine/random.ts";
import type { Tape } from "../../engine/tape.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { positionalConv, type PositionalConvWeights } from "../../kernels/positional_conv/positional_conv.ts";
import { zeros } from "../weights.ts";
import type { Wav2Vec2Config } from "./config.ts";

/**
 * The convolutional positional embedding of wav2vec 2.0 and HuBERT, with weight norm: a direction v and one gain per kernel
 * position, under the newer of the two parameter names found in files.
 */
export class PositionalEmbedding {
  readonly #weights: PositionalConvWeights;
  readonly #groups: number;

  /** `unused` declares it without training it: the Conformer's files contain one that the model never runs. */
  constructor(
    parameters: Parameters,
    name: string,
    config: Wav2Vec2Config,
    { unused = false }: { unused?: boolean } = {},
  ) {
    const { dim, positionalKernel: kernel, positionalGroups: groups } = config;
    const deviation = 2 * Math.sqrt(1 / (kernel * dim));
    const width = dim / groups;
    this.#weights = {
      bias: parameters.add(`${name}.conv.bias`, [dim], { init: zeros, decay: false, frozen: unused }),
      // About the norm of the drawn directions, so that weight norm initially changes little.
      gain: parameters.add(`${name}.conv.parametrizations.weight.original0`, [1, 1, kernel], {
        init: () => deviation * Math.sqrt(dim * width),
        decay: false,
        frozen: unused,
      }),
      v: parameters.add(`${name}.conv.parametrizations.weight.original1`, [dim, width, kernel], {
        init: (i, key) => deviation * normal(key, i),
        frozen: unused,
      }),
    };
    this.#groups = groups;
  }

  /** The embedding to add to x, `[batch, frames, dim]`. */
  forward(tape: Tape, x: Tensor): Tensor {
    return positionalConv(tape, x, this.#weights, this.#groups);
  }
}
