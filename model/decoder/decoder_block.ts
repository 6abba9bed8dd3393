import type { Parameters } from "../../engine/parameters.ts";
import type { Tape } from "../../engine/tape.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { residual } from "../../kernels/dropout/residual.ts";
import { layerNorm } from "../../kernels/layer_norm/layer_norm.ts";
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

/** What source attention made of a memory. */
export interface Heard extends KeysAndValues {
  readonly mask: Tensor | undefined;
}

/**
 * Takes the keys and values of each row's next token, `[rows, 1, dim]`, and gives those of its tokens up to that one, with a mask
 * as in `Memory` if the rows differ in length.
 */
export type Recall = (now: KeysAndValues) => KeysAndValues & { readonly mask?: Tensor };

/** Random sites per layer, counted on from the encoder's, which has none so high. */
const FIRST_SITE = 0x20000000;
const SITES = 4;

/** Those of the attentions' weights: of self-attention, and one further of source attention. */
const weightSite = (layer: number): number => 0x30000000 + 2 * layer;

/**
 * Transformer decoder block: causal self-attention, attention over an encoder if there is one, feed-forward, each pre-normalised and
 * added to the residual stream (Vaswani et al., 2017, section 3.1, with the norms of ESPnet's `normalize_before`). The stream stays
 * f32 even with f16 activations.
 */
export class DecoderBlock {
  readonly #selfAttention: MultiHeadAttention;
  readonly #sourceAttention: MultiHeadAttention | null;
  readonly #feedForward: FeedForward;
  readonly #norms: readonly NormWeights[];
  readonly #eps: number;
  readonly #dropout: number;

  /**
   * @param name    for example "decoder.decoders.0"
   * @param encoder whether there is an encoder to attend to: a language model has none
   */
  constructor(parameters: Parameters, name: string, config: DecoderBlockConfig, { encoder }: { encoder: boolean }) {
    this.#selfAttention = new MultiHeadAttention(parameters, `${name}.self_attn`, config);
    this.#sourceAttention = encoder ? new MultiHeadAttention(parameters, `${name}.src_attn`, config) : null;
    this.#feedForward = new FeedForward(parameters, [`${name}.feed_forward.w_1`, `${name}.feed_forward.w_2`], {
      ...config,
      activation: "relu",
    });
    const norms = encoder ? [1, 2, 3] : [1, 2];
    this.#norms = norms.map((number) => declareNorm(parameters, `${name}.norm${number}`, config.dim));
    this.#eps = config.layerNormEps;
    this.#dropout = config.dropout;
  }

  /**
   * x `[batch, tokens, dim]` to the same shape. A memory has as many rows, or fewer, each for several rows of x that follow one
   * another. The logical `layer` keys the random numbers. Padded tokens need no mask: they come after all real ones, which
   * therefore never see them.
   */
  forward(tape: Tape, x: Tensor, memory: Memory | null, layer: number): Tensor {
    const attend = (normed: Tensor): Tensor =>
      this.#selfAttention.forward(
        tape,
        normed,
        this.#selfAttention.project(tape, normed),
        { causal: true },
        weightSite(layer),
      );
    return this.#parts(tape, x, attend, () => memory && this.listen(tape, memory), layer);
  }

  /** What source attention makes of a memory, for `step`. */
  listen(tape: Tape, { states, mask }: Memory): Heard {
    return { ...(this.#sourceAttention as MultiHeadAttention).project(tape, states), mask };
  }

  /**
   * One more token of each hypothesis. The hypotheses of an utterance are queries of one row of source attention, so that what was
   * heard is stored once per utterance; of self-attention each is a row.
   *
   * @param x     `[utterances, hypotheses, dim]`
   * @param heard null without an encoder
   */
  step(tape: Tape, x: Tensor, heard: Heard | null, recall: Recall): Tensor {
    const { shape } = x;
    const [utterances, hypotheses, dim] = shape as [number, number, number];
    const attend = (normed: Tensor): Tensor => {
      const rows = tape.reshape(normed, [utterances * hypotheses, 1, dim]);
      const { mask, ...all } = recall(this.#selfAttention.project(tape, rows));
      return tape.reshape(this.#selfAttention.forward(tape, rows, all, { mask }, 0), shape);
    };
    return this.#parts(tape, x, attend, () => heard, 0); // nothing is dropped, so the layer does not matter
  }

  #parts(tape: Tape, x: Tensor, attend: (normed: Tensor) => Tensor, listen: () => Heard | null, layer: number): Tensor {
    const site = FIRST_SITE + layer * SITES;
    const norm = (h: Tensor, { scale, shift }: NormWeights): Tensor =>
      layerNorm(tape, h, scale, shift, { eps: this.#eps, dtype: tape.activation });
    const add = (h: Tensor, update: Tensor, place: number): Tensor =>
      residual(tape, h, update, 1, this.#dropout, site + place);
    const [first, second] = this.#norms as [NormWeights, NormWeights];
    let h = add(x, attend(norm(x, first)), 0);
    if (this.#sourceAttention) {
      const { mask, ...heard } = listen() as Heard;
      const queries = perUtterance(tape, norm(h, second), heard.keys);
      const attended = this.#sourceAttention.forward(tape, queries, heard, { mask }, weightSite(layer) + 1);
      h = add(h, tape.reshape(attended, h.shape), 1);
    }
    return add(h, this.#feedForward.forward(tape, norm(h, this.#norms.at(-1) as NormWeights), site + 2), 3);
  }
}

/** `[rows, tokens, dim]`, with the rows of one utterance in one: all of them attend to what was heard once. */
function perUtterance(tape: Tape, x: Tensor, keys: Tensor): Tensor {
  const [rows, tokens, dim] = x.shape as [number, number, number];
  const utterances = keys.shape[0] as number;
  return tape.reshape(x, [utterances, (rows / utterances) * tokens, dim]);
}
