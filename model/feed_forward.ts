import type { Parameters } from "../engine/parameters.ts";
import type { Tape } from "../engine/tape.ts";
import type { Tensor } from "../engine/tensor.ts";
import { dropout } from "../kernels/dropout/dropout.ts";
import { linear } from "../kernels/linear/linear.ts";
import type { ConformerConfig } from "./config.ts";
import { declareLinear, type LinearWeights } from "./weights.ts";

/** Linear, SiLU, linear. The Conformer has two per block, each entering the residual stream at half weight (macaron). */
export class FeedForward {
  readonly #in: LinearWeights;
  readonly #out: LinearWeights;
  readonly #dropout: number;

  constructor(parameters: Parameters, name: string, config: ConformerConfig) {
    this.#in = declareLinear(parameters, `${name}.w_1`, config.dim, config.feedForwardDim);
    this.#out = declareLinear(parameters, `${name}.w_2`, config.feedForwardDim, config.dim);
    this.#dropout = config.dropout;
  }

  /** x: `[batch, frames, dim]`, already normalised. `site` names the dropout within; the one after it belongs to the residual connection. */
  forward(tape: Tape, x: Tensor, site: number): Tensor {
    const hidden = linear(tape, x, this.#in.weight, this.#in.bias, "silu"); // [batch, frames, feedForwardDim]
    return linear(tape, dropout(tape, hidden, this.#dropout, site), this.#out.weight, this.#out.bias);
  }
}
