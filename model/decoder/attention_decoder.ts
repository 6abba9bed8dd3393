import type { Parameters } from "../../engine/parameters.ts";
import { expectShape } from "../../engine/shape.ts";
import type { Tape } from "../../engine/tape.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { concat } from "../../kernels/shaping/shaping.ts";
import type { DepthSchedule } from "../unfold.ts";
import type { KeysAndValues } from "./multi_head_attention.ts";
import { DecoderBlock, type DecoderBlockConfig, type Heard, type Memory, type Recall } from "./decoder_block.ts";
import { TokenEmbedding } from "./token_embedding.ts";
import { TokenScores } from "./token_scores.ts";

export interface DecoderConfig extends DecoderBlockConfig {
  /** Number of output classes. The last one starts and ends a sentence. */
  readonly vocabulary: number;
  /** Physical blocks. */
  readonly blocks: number;
  /** The blocks to apply, in order, after an encoder's path of some depth; left out or undefined: each once. */
  readonly unfold?: ((depth: number) => DepthSchedule | undefined) | undefined;
}

export interface DecoderOptions {
  /** Keep only the input of each block application for backward and recompute the rest. */
  readonly checkpointing?: boolean;
  /** Called with the output of every block application. */
  readonly onState?: (layer: number, block: number, state: Tensor) => void;
  /** Physical blocks to apply in order, see `scheduleFor`; left out: each once. */
  readonly schedule?: DepthSchedule | undefined;
}

/** ESPnet's defaults, but for the sizes, which are those of the encoder. */
export const decoderDefaults = { blocks: 6, feedForwardDim: 2048, dropout: 0.1, layerNormEps: 1e-5 };

/**
 * Transformer decoder with ESPnet's structure and parameter names: it reads the encoder's states and the tokens so far, and
 * scores every next token. All depths of the encoder share it.
 */
export class AttentionDecoder {
  readonly config: DecoderConfig;
  /** The class that starts and ends a sentence. */
  readonly sentenceEnd: number;
  readonly #embedding: TokenEmbedding;
  readonly #blocks: readonly DecoderBlock[];
  readonly #scores: TokenScores;

  /** `name` is for example "decoder", or "" for a decoder alone. */
  constructor(parameters: Parameters, name: string, config: DecoderConfig) {
    const at = (part: string): string => (name === "" ? part : `${name}.${part}`);
    this.config = config;
    this.sentenceEnd = config.vocabulary - 1;
    this.#embedding = new TokenEmbedding(parameters, at("embed.0"), config);
    this.#blocks = Array.from(
      { length: config.blocks },
      (_, i) => new DecoderBlock(parameters, at(`decoders.${i}`), config, { encoder: true }),
    );
    this.#scores = new TokenScores(parameters, { norm: at("after_norm"), output: at("output_layer") }, config);
  }

  /**
   * The first block's input, `[batch, tokens, dim]`.
   *
   * @param tokens i32 `[batch, tokens]`: the sentence's start, then its labels
   */
  embed(tape: Tape, tokens: Tensor): Tensor {
    return this.#embedding.forward(tape, tokens);
  }

  /**
   * The logits of every token's successor, `[batch, tokens, vocabulary]`, f32.
   *
   * @param embedded what `embed` gave
   * @param memory   of as many rows, or of fewer: then `batch / rows` sentences in a row are of one utterance
   */
  forward(tape: Tape, embedded: Tensor, memory: Memory, options: DecoderOptions = {}): Tensor {
    const { dim } = this.config;
    const [rows, frames] = memory.states.shape as [number, number];
    const batch = embedded.shape[0] as number;
    const expected = batch % rows === 0 ? rows : batch;
    expectShape("AttentionDecoder.forward", "memory.states", memory.states, [expected, frames, dim]);
    if (memory.mask) expectShape("AttentionDecoder.forward", "memory.mask", memory.mask, [rows, 1, 1, frames]);
    const { checkpointing = false, onState } = options;
    const schedule = options.schedule ?? this.#once();
    let x = embedded;
    schedule.forEach((block, layer) => {
      // The memory is an input of its own, so that its gradient survives a recomputation.
      const apply = (h: Tensor, states: Tensor): Tensor =>
        tape.named(`decoder layer ${layer}, block ${block}`, () =>
          (this.#blocks[block] as DecoderBlock).forward(tape, h, { ...memory, states }, layer),
        );
      x = checkpointing ? tape.checkpoint(apply, x, memory.states) : tape.scope(() => apply(x, memory.states));
      onState?.(layer, block, x);
    });
    return this.#scores.forward(tape, x);
  }

  /** The blocks to apply after an encoder's path of this depth: each once, unless the decoder unfolds too. */
  scheduleFor(depth: number): DepthSchedule {
    return this.config.unfold?.(depth) ?? this.#once();
  }

  #once = (): DepthSchedule => this.#blocks.map((_, block) => block);

  /** What every block's source attention makes of the encoder's states, for `step`. */
  listen(tape: Tape, memory: Memory): Heard[] {
    return this.#blocks.map((block) => block.listen(tape, memory));
  }

  /**
   * One more token of each hypothesis, with what earlier calls have computed.
   *
   * @param tokens i32 `[utterances, hypotheses]`
   * @param place  of these tokens in their sentences, from 0
   * @param heard  what `listen` gave
   * @param said   of each layer, as the call before returned it, its rows in the order of these hypotheses; undefined at place 0
   * @param schedule the blocks to apply, as in `forward`
   * @returns      the logits `[utterances, hypotheses, vocabulary]` of what comes next, and `said` with these tokens
   */
  step(
    tape: Tape,
    tokens: Tensor,
    place: number,
    heard: readonly Heard[],
    said: readonly KeysAndValues[] | undefined,
    schedule: DepthSchedule = this.#once(),
  ): { readonly logits: Tensor; readonly said: readonly KeysAndValues[] } {
    let x = this.#embedding.forward(tape, tokens, [place]);
    const saidNow: KeysAndValues[] = [];
    for (const [layer, block] of schedule.entries()) {
      const recall: Recall = (now) => (saidNow[layer] = longer(tape, said?.[layer], now));
      x = (this.#blocks[block] as DecoderBlock).step(tape, x, heard[block] as Heard, recall);
    }
    return { logits: this.#scores.forward(tape, x), said: saidNow };
  }
}

/** Keys and values of each row's tokens and one more, `[rows, tokens, dim]`. */
const longer = (tape: Tape, said: KeysAndValues | undefined, now: KeysAndValues): KeysAndValues =>
  said ? { keys: concat(tape, [said.keys, now.keys], 1), values: concat(tape, [said.values, now.values], 1) } : now;
