import type { Parameters } from "../../engine/parameters.ts";
import { uniform } from "../../engine/random.ts";
import { expectRank, expectShape } from "../../engine/shape.ts";
import type { Tape } from "../../engine/tape.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { dropout } from "../../kernels/dropout/dropout.ts";
import { embedding } from "../../kernels/embedding/embedding.ts";
import { layerNorm } from "../../kernels/layer_norm/layer_norm.ts";
import { linear } from "../../kernels/linear/linear.ts";
import { add } from "../../kernels/pointwise/binary.ts";
import { cast } from "../../kernels/pointwise/cast.ts";
import { scale } from "../../kernels/pointwise/unary.ts";
import { sinusoidalPositions } from "../positions.ts";
import type { DepthSchedule } from "../unfold.ts";
import { declareLinear, declareNorm, type LinearWeights, type NormWeights } from "../weights.ts";
import type { KeysAndValues } from "./multi_head_attention.ts";
import { DecoderBlock, type DecoderBlockConfig, type Memory } from "./decoder_block.ts";

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

/** Random site of the dropout on the embedded tokens. */
const EMBED_SITE = 0x40000001;

/**
 * Transformer decoder with ESPnet's structure and parameter names: it reads the encoder's states and the tokens so far, and
 * scores every next token. All depths of the encoder share it.
 */
export class AttentionDecoder {
  readonly config: DecoderConfig;
  /** The class that starts and ends a sentence. */
  readonly sentenceEnd: number;
  readonly #embedding: Tensor;
  readonly #blocks: readonly DecoderBlock[];
  readonly #afterNorm: NormWeights;
  readonly #output: LinearWeights;

  /** `name` is for example "decoder", or "" for a decoder alone. */
  constructor(parameters: Parameters, name: string, config: DecoderConfig) {
    const at = (part: string): string => (name === "" ? part : `${name}.${part}`);
    const { vocabulary, dim, blocks } = config;
    this.config = config;
    this.sentenceEnd = vocabulary - 1;
    this.#embedding = parameters.add(at("embed.0.weight"), [vocabulary, dim], { init: standardNormal });
    this.#blocks = Array.from({ length: blocks }, (_, i) => new DecoderBlock(parameters, at(`decoders.${i}`), config));
    this.#afterNorm = declareNorm(parameters, at("after_norm"), dim);
    this.#output = declareLinear(parameters, at("output_layer"), dim, vocabulary);
  }

  /**
   * Embedded tokens times √dim plus the sinusoids of their places, `[batch, tokens, dim]`: the first block's input.
   *
   * @param tokens i32 `[batch, tokens]`: the sentence's start, then its labels
   */
  embed(tape: Tape, tokens: Tensor): Tensor {
    expectRank("AttentionDecoder.embed", "tokens", tokens, 2);
    return this.#embedAt(
      tape,
      tokens,
      Array.from({ length: tokens.shape[1] as number }, (_, place) => place),
    );
  }

  /** `places` of the tokens in their sentences, along the last axis; a single one is that of all. */
  #embedAt(tape: Tape, tokens: Tensor, places: readonly number[]): Tensor {
    const { dim, dropout: rate } = this.config;
    const positions = tape.upload(sinusoidalPositions(places, dim), [1, places.length, dim]);
    const rows = scale(tape, embedding(tape, tokens, this.#embedding), Math.sqrt(dim));
    return dropout(tape, add(tape, rows, positions), rate, EMBED_SITE);
  }

  /**
   * The logits of every token's successor, `[batch, tokens, vocabulary]`, f32.
   *
   * @param embedded what `embed` gave
   */
  forward(tape: Tape, embedded: Tensor, memory: Memory, options: DecoderOptions = {}): Tensor {
    const { dim } = this.config;
    const [batch, frames] = memory.states.shape as [number, number];
    expectShape("AttentionDecoder.forward", "memory.states", memory.states, [embedded.shape[0] as number, frames, dim]);
    if (memory.mask) expectShape("AttentionDecoder.forward", "memory.mask", memory.mask, [batch, 1, 1, frames]);
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
    return this.#score(tape, x);
  }

  /** The blocks to apply after an encoder's path of this depth: each once, unless the decoder unfolds too. */
  scheduleFor(depth: number): DepthSchedule {
    return this.config.unfold?.(depth) ?? this.#once();
  }

  #once = (): DepthSchedule => this.#blocks.map((_, block) => block);

  /** What every block's source attention makes of the encoder's states, for `step`. */
  listen(tape: Tape, states: Tensor): KeysAndValues[] {
    return this.#blocks.map((block) => block.listen(tape, states));
  }

  /**
   * One more token of each hypothesis, with what earlier calls have computed.
   *
   * @param tokens i32 `[utterances, hypotheses]`
   * @param place  of these tokens in their sentences, from 0
   * @param heard  what `listen` gave
   * @param mask   of the encoder's states, as in `Memory`
   * @param said   of each layer, as the call before returned it, its rows in the order of these hypotheses; undefined at place 0
   * @param schedule the blocks to apply, as in `forward`
   * @returns      the logits `[utterances, hypotheses, vocabulary]` of what comes next, and `said` with these tokens
   */
  step(
    tape: Tape,
    tokens: Tensor,
    place: number,
    heard: readonly KeysAndValues[],
    mask: Tensor | undefined,
    said: readonly KeysAndValues[] | undefined,
    schedule: DepthSchedule = this.#once(),
  ): { readonly logits: Tensor; readonly said: readonly KeysAndValues[] } {
    let x = this.#embedAt(tape, tokens, [place]);
    const saidNow = schedule.map((block, layer) => {
      const after = (this.#blocks[block] as DecoderBlock).step(
        tape,
        x,
        heard[block] as KeysAndValues,
        mask,
        said?.[layer],
      );
      x = after.x;
      return after.said;
    });
    return { logits: this.#score(tape, x), said: saidNow };
  }

  #score(tape: Tape, x: Tensor): Tensor {
    const { layerNormEps } = this.config;
    const normed = layerNorm(tape, x, this.#afterNorm.scale, this.#afterNorm.shift, layerNormEps);
    return cast(tape, linear(tape, normed, this.#output.weight, this.#output.bias), "f32");
  }
}

/** PyTorch's default for embeddings: a normal distribution of variance 1, drawn by the Box-Muller transform. */
const standardNormal = (i: number, key: number): number =>
  Math.sqrt(-2 * Math.log(1 - uniform(key, 2 * i))) * Math.cos(2 * Math.PI * uniform(key, 2 * i + 1));
