import { decoderTokens, type DecoderTokens } from "../../model/decoder/decoder_tokens.ts";
import type { BucketSampler, SamplerState } from "../batches/sampler.ts";
import { partOf, shareOf, type BatchShare, type Sharing } from "../batches/share.ts";
import type { Sentence } from "./sentences.ts";

/** Sentences as a language model reads them, and what it should say after each token. */
export interface TextBatch extends DecoderTokens {
  readonly size: number;
  /** Tokens of the longest, its end included. */
  readonly longest: number;
}

/** @param least labels to pad to at least */
export function textBatch(sentences: readonly Pick<Sentence, "labels">[], sentenceEnd: number, least = 0): TextBatch {
  const size = sentences.length;
  const most = Math.max(least, ...sentences.map(({ labels }) => labels.length));
  const targets = new Int32Array(size * most);
  sentences.forEach(({ labels }, row) => targets.set(labels, row * most));
  const lengths = sentences.map(({ labels }) => labels.length);
  return { ...decoderTokens(targets, lengths, sentenceEnd), size, longest: most + 1 };
}

/** A training batch, and enough to recreate it. */
export interface SampledText {
  readonly batch: TextBatch;
  readonly indices: readonly number[];
  readonly epoch: number;
  /** Undefined where nobody shares the batch, whose sentences are then all of `indices`. */
  readonly share?: BatchShare;
}

/** Batches of sentences in the sampler's order. */
export class TextBatches {
  readonly #sentences: readonly Sentence[];
  readonly #sampler: BucketSampler;
  readonly #sentenceEnd: number;
  readonly #sharing: Sharing | undefined;
  #taken = 0;

  /** @param sharing undefined: this process trains alone, and batches are whole */
  constructor(sentences: readonly Sentence[], sampler: BucketSampler, sentenceEnd: number, sharing?: Sharing) {
    this.#sentences = sentences;
    this.#sampler = sampler;
    this.#sentenceEnd = sentenceEnd;
    this.#sharing = sharing;
  }

  /** Training position: the batch that `next` returns next. */
  get state(): SamplerState {
    return this.#sampler.state;
  }

  next(): Promise<SampledText> {
    const { indices, epoch } = this.#sampler.next();
    return Promise.resolve(
      this.#sharing
        ? { ...this.#shareOf(indices, this.#taken++, this.#sharing), indices, epoch }
        : { batch: this.of(indices), indices, epoch },
    );
  }

  #shareOf(indices: readonly number[], taken: number, sharing: Sharing): Pick<SampledText, "batch" | "share"> {
    const tokens = indices.map((i) => (this.#sentences[i] as Sentence).labels.length + 1);
    const rows = shareOf(tokens.length, taken % sharing.parts, sharing);
    const weight = partOf(rows, tokens); // the loss is a mean over tokens
    const own = rows.length > 0 ? rows : [0]; // of no weight
    return {
      batch: this.of(
        own.map((row) => indices[row] as number),
        Math.max(...tokens) - 1,
      ),
      share: { rows: { before: own[0] as number, count: own.length }, weight, frames: 1, tokens: 1 },
    };
  }

  /** @param least labels to pad to at least */
  of(indices: readonly number[], least?: number): TextBatch {
    return textBatch(
      indices.map((i) => this.#sentences[i] as Sentence),
      this.#sentenceEnd,
      least,
    );
  }
}
