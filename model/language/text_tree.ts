import type { Tape } from "../../engine/tape.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { indexSelect } from "../../kernels/embedding/index_select.ts";
import { concat } from "../../kernels/shaping/shaping.ts";
import { logSoftmax } from "../../kernels/softmax/softmax.ts";
import type { BeingRead } from "../decode/batched_fusion.ts";
import type { Recall } from "../decoder/decoder_block.ts";
import type { KeysAndValues } from "../decoder/multi_head_attention.ts";
import type { TransformerLm } from "./transformer_lm.ts";

/** A text that a search may follow: another one and a token more. */
export interface Text {
  /** Null for the sentence's start. */
  readonly parent: Text | null;
  readonly token: number;
  /** Number of tokens before this one, the sentence's start among them. */
  readonly place: number;
  /** Where its last token's keys and values are; -1 if they are nowhere. */
  row: number;
  /** Log-probabilities of what comes next, `[vocabulary]`; null as long as the model has not read it. */
  next: Float32Array | null;
}

/** Tokens that a next one attends to: far more than a sentence has, and a bound for recordings of hours. */
const ATTENDED = 1024;

/**
 * A language model at work on many texts at once that begin alike, of any lengths, such as those of the beams of several utterances.
 * Keys and values of each token stay on the device once, whatever the number of texts that go on from it, and as long as one does
 * that is still followed.
 */
export class TextTree {
  readonly #model: TransformerLm;
  /** The tokens with keys and values, in the order of their rows. */
  #tokens: Text[] = [];
  /** Of each block, `[tokens, dim]`. */
  #cache: readonly KeysAndValues[] = [];

  constructor(model: TransformerLm) {
    this.#model = model;
  }

  /** The empty text. */
  begin(): Text {
    return { parent: null, token: this.#model.sentenceEnd, place: 0, row: -1, next: null };
  }

  extend(text: Text, token: number): Text {
    return { parent: text, token, place: text.place + 1, row: -1, next: null };
  }

  /**
   * Encodes the reading of those of `followed` that have no `next` yet; undefined if all have. All other texts are forgotten, but
   * for what the followed ones begin with. A text's beginning must have been read before it.
   */
  read(tape: Tape, followed: readonly Text[]): BeingRead | undefined {
    const unread = [...new Set(followed.filter(({ next }) => next === null))];
    if (unread.length === 0) return undefined;
    const kept = this.#forgetAllBut(new Set(followed), new Set(unread));
    const before = Int32Array.from(kept, ({ row }) => row);
    this.#tokens = [...kept, ...unread];
    this.#tokens.forEach((text, row) => (text.row = row));

    const logits = tape.named("language model", () => this.#step(tape, before, unread));
    const { vocabulary } = this.#model.config;
    return {
      logProbs: logSoftmax(tape, logits),
      take: (values) => unread.forEach((text, i) => (text.next = values.slice(i * vocabulary, (i + 1) * vocabulary))),
    };
  }

  /** Frees the device memory. */
  release(): void {
    for (const { keys, values } of this.#cache) [keys, values].forEach((x) => x.storage.release());
    this.#cache = [];
    this.#tokens = [];
  }

  /** The tokens that followed texts attend to, without those that are read now. */
  #forgetAllBut(followed: ReadonlySet<Text>, unread: ReadonlySet<Text>): Text[] {
    const needed = new Set([...followed].flatMap(attended));
    const kept = this.#tokens.filter((text) => needed.has(text) && !unread.has(text));
    for (const text of this.#tokens) {
      if (!followed.has(text)) text.next = null;
      if (!needed.has(text)) text.row = -1;
    }
    return kept;
  }

  /** @param before the rows until now of the tokens that stay */
  #step(tape: Tape, before: Int32Array, unread: readonly Text[]): Tensor {
    const { dim } = this.#model.config;
    const { rows, mask, longest } = rowsOf(unread);
    const tokens = tape.upload(
      Int32Array.from(unread, ({ token }) => token),
      [1, unread.length],
    );
    const stay = before.length > 0 ? tape.upload(before, [before.length]) : undefined;
    const index = tape.upload(rows, [rows.length]);
    const visible = tape.upload(mask, [unread.length, 1, 1, longest]);
    const cache: KeysAndValues[] = [];
    const recall =
      (block: number): Recall =>
      (now) => {
        const earlier = this.#cache[block];
        const append = (old: Tensor | undefined, x: Tensor): Tensor => {
          const fresh = tape.reshape(x, [unread.length, dim]);
          return old && stay ? concat(tape, [indexSelect(tape, old, stay, 0), fresh], 0) : fresh;
        };
        const ofTexts = (all: Tensor): Tensor =>
          tape.reshape(indexSelect(tape, all, index, 0), [unread.length, longest, dim]);
        const keys = append(earlier?.keys, now.keys);
        const values = append(earlier?.values, now.values);
        cache[block] = { keys, values };
        return { keys: ofTexts(keys), values: ofTexts(values), mask: visible };
      };
    const logits = this.#model.step(
      tape,
      tokens,
      unread.map(({ place }) => place),
      recall,
    );
    for (const { keys, values } of cache) [keys, values].forEach((x) => x.storage.retain());
    for (const { keys, values } of this.#cache) [keys, values].forEach((x) => x.storage.release());
    this.#cache = cache;
    return logits;
  }
}

/** A text's tokens that what comes next attends to, the first one first. */
function attended(text: Text): Text[] {
  const tokens: Text[] = [];
  for (let at: Text | null = text; at && tokens.length < ATTENDED; at = at.parent) tokens.push(at);
  return tokens.reverse();
}

/** The rows of each text's tokens, `[texts, longest]`, padded at the end, and a mask of 1 for the real ones. */
function rowsOf(texts: readonly Text[]): { rows: Int32Array; mask: Uint32Array; longest: number } {
  const tokens = texts.map(attended);
  const longest = Math.max(...tokens.map(({ length }) => length));
  const rows = new Int32Array(texts.length * longest);
  const mask = new Uint32Array(rows.length);
  tokens.forEach((list, i) =>
    list.forEach(({ row }, n) => {
      if (row < 0) throw new Error("TextTree: a text was read before what it begins with");
      rows[i * longest + n] = row;
      mask[i * longest + n] = 1;
    }),
  );
  return { rows, mask, longest };
}
