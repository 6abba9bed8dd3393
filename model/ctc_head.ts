import type { Parameters } from "../engine/parameters.ts";
import type { Tape } from "../engine/tape.ts";
import type { Tensor } from "../engine/tensor.ts";
import { linear } from "../kernels/linear/linear.ts";
import { cast } from "../kernels/pointwise/cast.ts";
import { declareLinear, type LinearWeights } from "./weights.ts";

/** The linear output layer, shared by all depths. */
export class CtcHead {
  readonly #weights: LinearWeights;

  constructor(parameters: Parameters, name: string, dim: number, vocabulary: number) {
    this.#weights = declareLinear(parameters, name, dim, vocabulary);
  }

  /** `[batch, frames, dim]` to logits `[batch, frames, vocabulary]`, f32 for the losses. */
  forward(tape: Tape, state: Tensor): Tensor {
    return cast(tape, linear(tape, state, this.#weights.weight, this.#weights.bias), "f32");
  }
}
