import type { Parameters } from "../engine/parameters.ts";
import type { Tape } from "../engine/tape.ts";
import type { Tensor } from "../engine/tensor.ts";
import { dropout } from "../kernels/dropout/dropout.ts";
import { linear } from "../kernels/linear/linear.ts";
import { declareLinear, type LinearWeights } from "./weights.ts";

export interface FeedForwardConfig {
  readonly dim: number;
  readonly feedForwardDim: number;
  readonly activation: "silu" | "gelu";
  /** Of the activations between the two layers. */
  readonly dropout: number;
}

/** Linear, SiLU or GELU, linear. The Conformer has two per block, each entering the residual stream at half weight (macaron). */
export class FeedForward {
  readonly #in: LinearWeights;
  readonly #out: LinearWeights;
  readonly #config: FeedForwardConfig;

  /** `names` are those of its two layers. */
  constructor(parameters: Parameters, names: readonly [string, string], config: FeedForwardConfig) {
    this.#in = declareLinear(parameters, names[0], config.dim, config.feedForwardDim);
    this.#out = declareLinear(parameters, names[1], config.feedForwardDim, config.dim);
    this.#config = config;
  }

  /** x: `[batch, frames, dim]`. `site` names the dropout within; the one after it belongs to the residual connection. */
  forward(tape: Tape, x: Tensor, site: number): Tensor {
    const { activation, dropout: rate } = this.#config;
    const hidden = linear(tape, x, this.#in.weight, this.#in.bias, activation); // [batch, frames, feedForwardDim]
    return linear(tape, dropout(tape, hidden, rate, site), this.#out.weight, this.#out.bias);
  }
}
