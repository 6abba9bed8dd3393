import type { Parameters } from "../../engine/parameters.ts";
import type { Tape } from "../../engine/tape.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { attention } from "../../kernels/attention/attention.ts";
import { linear } from "../../kernels/linear/linear.ts";
import { conformerAttentionNames } from "../self_attention.ts";
import { declareLinear, type LinearWeights } from "../weights.ts";

/** What queries attend to, projected once. */
export interface KeysAndValues {
  /** `[batch, keys, dim]` each */
  readonly keys: Tensor;
  readonly values: Tensor;
}

/** Which keys a query sees: `causal`, those up to its own place; `mask`, u32 `[batch, 1, 1, keys]`, those of 1. */
export interface Visible {
  readonly causal?: boolean;
  readonly mask?: Tensor | undefined;
}

export interface MultiHeadConfig {
  readonly dim: number;
  readonly heads: number;
  /** Dropout of the weights, after the softmax; 0 if left out. */
  readonly attentionDropout?: number;
}

/** Multi-head attention without positions, over the same or another sequence (Vaswani et al., 2017, section 3.2). */
export class MultiHeadAttention {
  readonly #query: LinearWeights;
  readonly #key: LinearWeights;
  readonly #value: LinearWeights;
  readonly #out: LinearWeights;
  readonly #heads: number;
  readonly #dropout: number;

  constructor(parameters: Parameters, name: string, { dim, heads, attentionDropout = 0 }: MultiHeadConfig) {
    const declare = (part: keyof typeof conformerAttentionNames): LinearWeights =>
      declareLinear(parameters, `${name}.${conformerAttentionNames[part]}`, dim, dim);
    this.#query = declare("query");
    this.#key = declare("key");
    this.#value = declare("value");
    this.#out = declare("out");
    this.#heads = heads;
    this.#dropout = attentionDropout;
  }

  /** The keys and values of `[batch, keys, dim]`. */
  project(tape: Tape, over: Tensor): KeysAndValues {
    return {
      keys: linear(tape, over, this.#key.weight, this.#key.bias),
      values: linear(tape, over, this.#value.weight, this.#value.bias),
    };
  }

  /** x `[batch, queries, dim]` to the same shape. `site` keys the dropout of the weights. */
  forward(tape: Tape, x: Tensor, { keys, values }: KeysAndValues, visible: Visible, site: number): Tensor {
    const queries = linear(tape, x, this.#query.weight, this.#query.bias);
    const context = attention(tape, queries, keys, values, {
      heads: this.#heads,
      dropout: { rate: this.#dropout, site },
      ...visible,
    });
    return linear(tape, context, this.#out.weight, this.#out.bias);
  }
}
