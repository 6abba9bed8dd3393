import type { Parameters } from "../engine/parameters.ts";
import type { Tape } from "../engine/tape.ts";
import type { Tensor } from "../engine/tensor.ts";
import { attention } from "../kernels/attention/attention.ts";
import { linear } from "../kernels/linear/linear.ts";
import type { ConformerConfig } from "./config.ts";
import { declareLinear, fanIn, type LinearWeights } from "./weights.ts";

/** Multi-head self-attention with relative positions, as in Transformer-XL (Dai et al., 2019). */
export class SelfAttention {
  readonly #query: LinearWeights;
  readonly #key: LinearWeights;
  readonly #value: LinearWeights;
  readonly #out: LinearWeights;
  readonly #position: Tensor;
  readonly #contentBias: Tensor;
  readonly #positionBias: Tensor;
  readonly #config: ConformerConfig;

  constructor(parameters: Parameters, name: string, config: ConformerConfig) {
    const { dim, heads } = config;
    this.#query = declareLinear(parameters, `${name}.linear_q`, dim, dim);
    this.#key = declareLinear(parameters, `${name}.linear_k`, dim, dim);
    this.#value = declareLinear(parameters, `${name}.linear_v`, dim, dim);
    this.#out = declareLinear(parameters, `${name}.linear_out`, dim, dim);
    this.#position = parameters.add(`${name}.linear_pos.weight`, [dim, dim], { init: fanIn(dim) });
    // Xavier-uniform over [heads, width], as ESPnet starts them.
    const bias = { init: fanIn((heads + dim / heads) / 6), decay: false };
    this.#contentBias = parameters.add(`${name}.pos_bias_u`, [heads, dim / heads], bias);
    this.#positionBias = parameters.add(`${name}.pos_bias_v`, [heads, dim / heads], bias);
    this.#config = config;
  }

  /**
   * @param x         `[batch, frames, dim]`, already normalised
   * @param positions `[2 · frames - 1, dim]`, sinusoids of the distances frames - 1, …, -(frames - 1)
   * @param mask      u32 `[batch, 1, 1, frames]`: keys that are real frames
   */
  forward(tape: Tape, x: Tensor, positions: Tensor, mask: Tensor): Tensor {
    const context = attention(
      tape,
      linear(tape, x, this.#query.weight, this.#query.bias),
      linear(tape, x, this.#key.weight, this.#key.bias),
      linear(tape, x, this.#value.weight, this.#value.bias),
      {
        heads: this.#config.heads,
        mask,
        relative: {
          positions: linear(tape, positions, this.#position),
          contentBias: this.#contentBias,
          positionBias: this.#positionBias,
        },
      },
    );
    return linear(tape, context, this.#out.weight, this.#out.bias);
  }
}
