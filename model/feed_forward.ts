import type { Parameters } from "../engine/parameters.ts";
import type { Tape } from "../engine/tape.ts";
import type { Tensor } from "../engine/tensor.ts";
import { dropout } from "../kernels/dropout/dropout.ts";
import { linear } from "../kernels/linear/linear.ts";
import { declareLinear, type LinearWeights } from "./weights.ts";

export interface FeedForwardConfig {
  readonly dim: number;
  readonly feedForwardDim: number;
  readonly activation: "silu" | "gelu" | "relu";
  /** Dropout between the two layers. */
  readonly dropout: number;
}

/** Linear, activation, linear. A Conformer block has two, each added to the residual stream with weight ½ (macaron). */
export class FeedForward {
  readonly #in: LinearWeights;
  readonly #out: LinearWeights;
  readonly #config: FeedForwardConfig;

  /** `names` of its two layers. */
  constructor(parameters: Parameters, names: readonly [string, string], config: FeedForwardConfig) {
    this.#in = declareLinear(parameters, names[0], config.dim, config.feedForwardDim);
    this.#out = declareLinear(parameters, names[1], config.feedForwardDim, config.dim);
    this.#config = config;
  }

  /** x: `[batch, frames, dim]`. `site` keys the inner dropout; the dropout after it belongs to the residual connection. */
  forward(tape: Tape, x: Tensor, site: number): Tensor {
    const { activation, dropout: rate } = this.#config;
    const hidden = linear(tape, x, this.#in.weight, this.#in.bias, activation); // [batch, frames, feedForwardDim]
    return linear(tape, dropout(tape, hidden, rate, site), this.#out.weight, this.#out.bias);
  }
}
