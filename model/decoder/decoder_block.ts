import type { Parameters } from "../../engine/parameters.ts";
import type { Tape } from "../../engine/tape.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { residual } from "../../kernels/dropout/residual.ts";
import { layerNorm } from "../../kernels/layer_norm/layer_norm.ts";
import { concat } from "../../kernels/shaping/shaping.ts";
import { FeedForward } from "../feed_forward.ts";
import { declareNorm, type NormWeights } from "../weights.ts";
import { MultiHeadAttention, type KeysAndValues } from "./multi_head_attention.ts";

/** Sizes of a decoder's blocks. */
export interface DecoderBlockConfig {
  readonly dim: number;
  readonly heads: number;
  readonly feedForwardDim: number;
  readonly dropout: number;
  /** Dropout of the weights of both attentions; 0 if left out. */
  readonly attentionDropout?: number;
  readonly layerNormEps: number;
}

/** What the encoder heard. */
export interface Memory {
  /** `[batch, frames, dim]`: the encoder's states after its final norm */
  readonly states: Tensor;
  /** u32 `[batch, 1, 1, frames]`: 1 for real frames; undefined: all are real */
  readonly mask: Tensor | undefined;
}

/** Random sites per layer, counted on from the encoder's, which has none so high. */
const FIRST_SITE = 0x20000000;
const SITES = 4;

/** Those of the attentions' weights: of self-attention, and one further of source attention. */
const weightSite = (layer: number): number => 0x30000000 + 2 * layer;

/**
 * Transformer decoder block: causal self-attention, attention over the encoder, feed-forward, each pre-normalised and added to the
 * residual stream (Vaswani et al., 2017, section 3.1, with the norms of ESPnet's `normalize_before`). The stream stays f32 even
 * with f16 activations.
 */
export class DecoderBlock {
  readonly #selfAttention: MultiHeadAttention;
  readonly #sourceAttention: MultiHeadAttention;
  readonly #feedForward: FeedForward;
  readonly #norms: readonly [NormWeights, NormWeights, NormWeights];
  readonly #eps: number;
  readonly #dropout: number;

  /** `name` is for example "decoder.decoders.0". */
  constructor(parameters: Parameters, name: string, config: DecoderBlockConfig) {
    this.#selfAttention = new MultiHeadAttention(parameters, `${name}.self_attn`, config);
    this.#sourceAttention = new MultiHeadAttention(parameters, `${name}.src_attn`, config);
    this.#feedForward = new FeedForward(parameters, [`${name}.feed_forward.w_1`, `${name}.feed_forward.w_2`], {
      ...config,
      activation: "relu",
    });
    const norm = (number: number): NormWeights => declareNorm(parameters, `${name}.norm${number}`, config.dim);
    this.#norms = [norm(1), norm(2), norm(3)];
    this.#eps = config.layerNormEps;
    this.#dropout = config.dropout;
  }

  /**
   * x `[batch, tokens, dim]` to the same shape. The logical `layer` keys the random numbers. Padded tokens need no mask: they come
   * after all real ones, which therefore never see them.
   */
  forward(tape: Tape, x: Tensor, { states, mask }: Memory, layer: number): Tensor {
    const attend = (normed: Tensor): Tensor =>
      this.#selfAttention.forward(
        tape,
        normed,
        this.#selfAttention.project(tape, normed),
        { causal: true },
        weightSite(layer),
      );
    return this.#parts(tape, x, attend, () => this.listen(tape, states), mask, layer);
  }

  /** What source attention makes of `[batch, frames, dim]`, for `step`. */
  listen(tape: Tape, states: Tensor): KeysAndValues {
    return this.#sourceAttention.project(tape, states);
  }

  /**
   * One more token of each hypothesis. The hypotheses of an utterance are queries of one row of source attention, so that what was
   * heard is stored once per utterance.
   *
   * @param x    `[utterances, hypotheses, dim]`
   * @param said keys and values of each hypothesis's tokens so far, `[utterances · hypotheses, tokens, dim]`; undefined at the start
   * @returns    the new x, and `said` with this token
   */
  step(
    tape: Tape,
    x: Tensor,
    heard: KeysAndValues,
    mask: Tensor | undefined,
    said: KeysAndValues | undefined,
  ): { readonly x: Tensor; readonly said: KeysAndValues } {
    const { shape } = x;
    const [utterances, hypotheses, dim] = shape as [number, number, number];
    let all: KeysAndValues | undefined;
    const attend = (normed: Tensor): Tensor => {
      const rows = tape.reshape(normed, [utterances * hypotheses, 1, dim]);
      const now = this.#selfAttention.project(tape, rows);
      all = said
        ? { keys: concat(tape, [said.keys, now.keys], 1), values: concat(tape, [said.values, now.values], 1) }
        : now;
      return tape.reshape(this.#selfAttention.forward(tape, rows, all, {}, 0), shape);
    };
    const y = this.#parts(tape, x, attend, () => heard, mask, 0); // nothing is dropped, so the layer does not matter
    return { x: y, said: all as KeysAndValues };
  }

  #parts(
    tape: Tape,
    x: Tensor,
    attend: (normed: Tensor) => Tensor,
    listen: () => KeysAndValues,
    mask: Tensor | undefined,
    layer: number,
  ): Tensor {
    const site = FIRST_SITE + layer * SITES;
    const norm = (h: Tensor, part: 0 | 1 | 2): Tensor => {
      const { scale, shift } = this.#norms[part];
      return layerNorm(tape, h, scale, shift, { eps: this.#eps, dtype: tape.activation });
    };
    const add = (h: Tensor, update: Tensor, place: number): Tensor =>
      residual(tape, h, update, 1, this.#dropout, site + place);
    const afterSelf = add(x, attend(norm(x, 0)), 0);
    const source = norm(afterSelf, 1);
    const heard = this.#sourceAttention.forward(tape, source, listen(), { mask }, weightSite(layer) + 1);
    const afterSource = add(afterSelf, heard, 1);
    return add(afterSource, this.#feedForward.forward(tape, norm(afterSource, 2), site + 2), 3);
  }
}
