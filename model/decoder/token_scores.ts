import type { Parameters } from "../../engine/parameters.ts";
import type { Tape } from "../../engine/tape.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { layerNorm } from "../../kernels/layer_norm/layer_norm.ts";
import { linear } from "../../kernels/linear/linear.ts";
import { cast } from "../../kernels/pointwise/cast.ts";
import { declareLinear, declareNorm, type LinearWeights, type NormWeights } from "../weights.ts";

/** The end of a decoder: a norm, and the linear layer that scores every class. */
export class TokenScores {
  readonly #norm: NormWeights;
  readonly #output: LinearWeights;
  readonly #eps: number;

  constructor(
    parameters: Parameters,
    names: { readonly norm: string; readonly output: string },
    config: { readonly vocabulary: number; readonly dim: number; readonly layerNormEps: number },
  ) {
    this.#norm = declareNorm(parameters, names.norm, config.dim);
    this.#output = declareLinear(parameters, names.output, config.dim, config.vocabulary);
    this.#eps = config.layerNormEps;
  }

  /** x `[…, dim]` to logits `[…, vocabulary]`, f32. */
  forward(tape: Tape, x: Tensor): Tensor {
    const normed = layerNorm(tape, x, this.#norm.scale, this.#norm.shift, this.#eps);
    return cast(tape, linear(tape, normed, this.#output.weight, this.#output.bias), "f32");
  }
}
