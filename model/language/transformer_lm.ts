import type { Parameters } from "../../engine/parameters.ts";
import { expectRank } from "../../engine/shape.ts";
import type { Tape } from "../../engine/tape.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { add } from "../../kernels/pointwise/binary.ts";
import { DecoderBlock, type DecoderBlockConfig, type Recall } from "../decoder/decoder_block.ts";
import { TokenEmbedding } from "../decoder/token_embedding.ts";
import { TokenScores } from "../decoder/token_scores.ts";

export interface LanguageModelConfig extends DecoderBlockConfig {
  /** Number of classes: those of the units, then one that starts and ends a sentence. */
  readonly vocabulary: number;
  /** The units' class that is no text: it is never predicted. */
  readonly blank: number;
  readonly blocks: number;
}

/** The probability of what cannot come next, as a logarithm: finite, so that no gradient becomes NaN. */
const NEVER = -1e30;

/**
 * Transformer language model with the structure and parameter names of ESPnet's `TransformerLM`, but without the linear layer after
 * its embedding, which here is as wide as the blocks: embedded tokens with sinusoidal positions, pre-normalised blocks of causal
 * self-attention and feed-forward, a norm, and a linear layer that scores every next token.
 */
export class TransformerLm {
  readonly config: LanguageModelConfig;
  /** The class that starts and ends a sentence. */
  readonly sentenceEnd: number;
  readonly #embedding: TokenEmbedding;
  readonly #blocks: readonly DecoderBlock[];
  readonly #scores: TokenScores;

  constructor(parameters: Parameters, config: LanguageModelConfig) {
    this.config = config;
    this.sentenceEnd = config.vocabulary - 1;
    this.#embedding = new TokenEmbedding(parameters, "embed", config);
    this.#blocks = Array.from(
      { length: config.blocks },
      (_, i) => new DecoderBlock(parameters, `encoder.encoders.${i}`, config, { encoder: false }),
    );
    this.#scores = new TokenScores(parameters, { norm: "encoder.after_norm", output: "decoder" }, config);
  }

  /**
   * The logits of every token's successor, `[batch, tokens, vocabulary]`, f32.
   *
   * @param tokens i32 `[batch, tokens]`: the sentence's start, then its labels, as `decoderTokens` makes them
   */
  forward(tape: Tape, tokens: Tensor, { checkpointing = false }: { readonly checkpointing?: boolean } = {}): Tensor {
    expectRank("TransformerLm.forward", "tokens", tokens, 2);
    const never = this.#never(tape);
    let x = this.#embedding.forward(tape, tokens);
    for (const [layer, block] of this.#blocks.entries()) {
      const apply = (h: Tensor): Tensor =>
        tape.named(`language model layer ${layer}`, () => block.forward(tape, h, null, layer));
      x = checkpointing ? tape.checkpoint(apply, x) : tape.scope(() => apply(x));
    }
    return add(tape, this.#scores.forward(tape, x), never);
  }

  /**
   * One more token of each of several texts, which need not be equally long.
   *
   * @param tokens i32 `[1, texts]`
   * @param places of each token in its text, from 0
   * @param recall gives a block's keys and values of the texts' tokens up to these
   * @returns      the logits of what comes next, `[texts, vocabulary]`
   */
  step(tape: Tape, tokens: Tensor, places: readonly number[], recall: (block: number) => Recall): Tensor {
    const { vocabulary } = this.config;
    const never = this.#never(tape);
    let x = this.#embedding.forward(tape, tokens, places);
    for (const [i, block] of this.#blocks.entries()) x = block.step(tape, x, null, recall(i));
    return add(tape, tape.reshape(this.#scores.forward(tape, x), [places.length, vocabulary]), never);
  }

  /** `[vocabulary]`: added to the logits, so that the blank is never predicted. */
  #never(tape: Tape): Tensor {
    const { vocabulary, blank } = this.config;
    return tape.upload(
      Float32Array.from({ length: vocabulary }, (_, label) => (label === blank ? NEVER : 0)),
      [vocabulary],
    );
  }
}
