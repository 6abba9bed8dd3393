import type { Parameters } from "../engine/parameters.ts";
import type { Tape } from "../engine/tape.ts";
import type { Tensor } from "../engine/tensor.ts";
import { attention } from "../kernels/attention/attention.ts";
import { linear } from "../kernels/linear/linear.ts";
import { cast } from "../kernels/pointwise/cast.ts";
import { rotaryEmbedding } from "../kernels/rotary/rotary.ts";
import { declareLinear, fanIn, type LinearWeights } from "./weights.ts";

export interface SelfAttentionConfig {
  readonly dim: number;
  readonly heads: number;
  /** The position encoding: relative positions, rotated queries and keys, or none in the attention. */
  readonly positions: "relative" | "rotary" | "none";
  /** Base of the frequencies of "rotary". */
  readonly rotaryBase: number;
  /** Dropout of the weights, after the softmax; 0 if left out. */
  readonly attentionDropout?: number;
}

/** Names of the four linear maps. */
export type AttentionNames = Readonly<Record<"query" | "key" | "value" | "out", string>>;

/** The names in ESPnet and in the Conformers of Hugging Face transformers. */
export const conformerAttentionNames: AttentionNames = {
  query: "linear_q",
  key: "linear_k",
  value: "linear_v",
  out: "linear_out",
};

interface RelativeWeights {
  readonly position: Tensor;
  readonly contentBias: Tensor;
  readonly positionBias: Tensor;
}

/**
 * Multi-head self-attention. Relative positions are as in Transformer-XL (Dai et al., 2019). Rotary positions (Su et al., 2021)
 * rotate the input of queries and keys before their linear maps, as in wav2vec 2.0's Conformer.
 */
export class SelfAttention {
  readonly #query: LinearWeights;
  readonly #key: LinearWeights;
  readonly #value: LinearWeights;
  readonly #out: LinearWeights;
  readonly #relative: RelativeWeights | undefined;
  readonly #config: SelfAttentionConfig;

  constructor(
    parameters: Parameters,
    name: string,
    config: SelfAttentionConfig,
    names: AttentionNames = conformerAttentionNames,
  ) {
    const { dim } = config;
    this.#query = declareLinear(parameters, `${name}.${names.query}`, dim, dim);
    this.#key = declareLinear(parameters, `${name}.${names.key}`, dim, dim);
    this.#value = declareLinear(parameters, `${name}.${names.value}`, dim, dim);
    this.#out = declareLinear(parameters, `${name}.${names.out}`, dim, dim);
    this.#relative = config.positions === "relative" ? declareRelative(parameters, name, config) : undefined;
    this.#config = config;
  }

  /**
   * @param x         `[batch, frames, dim]`, already normalised
   * @param positions for relative positions: `[2 · frames - 1, dim]`, sinusoids of the distances frames - 1, …, -(frames - 1)
   * @param mask      u32 `[batch, 1, 1, frames]`: 1 for keys that are real frames; undefined: all are real
   * @param site      keys the dropout of the weights
   */
  forward(tape: Tape, x: Tensor, positions: Tensor | undefined, mask: Tensor | undefined, site: number): Tensor {
    const { heads, rotaryBase, attentionDropout: rate = 0 } = this.#config;
    const rotated = this.#config.positions === "rotary" ? rotate(tape, x, heads, rotaryBase) : x;
    const relative = this.#relative && {
      positions: linear(tape, positions as Tensor, this.#relative.position),
      contentBias: this.#relative.contentBias,
      positionBias: this.#relative.positionBias,
    };
    const context = attention(
      tape,
      linear(tape, rotated, this.#query.weight, this.#query.bias),
      linear(tape, rotated, this.#key.weight, this.#key.bias),
      linear(tape, x, this.#value.weight, this.#value.bias),
      { heads, mask, dropout: { rate, site }, ...(relative && { relative }) },
    );
    return linear(tape, context, this.#out.weight, this.#out.bias);
  }
}

function declareRelative(parameters: Parameters, name: string, { dim, heads }: SelfAttentionConfig): RelativeWeights {
  const position = parameters.add(`${name}.linear_pos.weight`, [dim, dim], { init: fanIn(dim) });
  // Xavier-uniform over [heads, width], as in ESPnet.
  const bias = { init: fanIn((heads + dim / heads) / 6), decay: false };
  return {
    position,
    contentBias: parameters.add(`${name}.pos_bias_u`, [heads, dim / heads], bias),
    positionBias: parameters.add(`${name}.pos_bias_v`, [heads, dim / heads], bias),
  };
}

function rotate(tape: Tape, x: Tensor, heads: number, base: number): Tensor {
  const [batch, frames, dim] = x.shape as readonly [number, number, number];
  const byHead = tape.reshape(cast(tape, x, "f32"), [batch, frames, heads, dim / heads]);
  return tape.reshape(rotaryEmbedding(tape, byHead, base), x.shape);
}
