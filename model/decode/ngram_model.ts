import { ROOT, type NgramTrie } from "./ngram_trie.ts";

/** What a word got, and the context in which the next word stands. */
export interface NgramStep {
  /** Natural logarithm of p(word | context). */
  readonly logProb: number;
  readonly context: number;
}

/** log10 of the probability of a word that is unknown to a model without `<unk>`: possible, but worse than anything else. */
const UNKNOWN = -100 * Math.LN10;

/**
 * A back-off n-gram language model (Katz 1987). The probability of a word after some words is that of the longest n-gram
 * which the model holds of them, times the back-off weights of the contexts that were too long:
 *
 *     p(w | h) = p(h w)                       if the model holds the n-gram h w
 *                backoff(h) · p(w | h')       else; h' is h without its first word, and backoff(h) is 1 if h is not held
 *
 * A *context* is a node of the trie: the longest n-gram held that the words so far end in, of less than `order` words.
 * Words beyond it change no probability, so equal contexts have equal futures.
 */
export class NgramModel {
  /** Words of its longest n-grams. */
  readonly order: number;
  /** Names it in messages. */
  readonly source: string;
  /** The context at the start of a sentence: `<s>`, or none if the model does not know it. */
  readonly begin: number;
  readonly #words: ReadonlyMap<string, number>;
  readonly #trie: NgramTrie;
  readonly #unknown: number | undefined;
  readonly #end: number | undefined;

  constructor(order: number, words: ReadonlyMap<string, number>, trie: NgramTrie, source: string) {
    this.order = order;
    this.source = source;
    this.#words = words;
    this.#trie = trie;
    this.#unknown = words.get("<unk>") ?? words.get("<UNK>");
    this.#end = words.get("</s>");
    const start = words.get("<s>");
    this.begin = start === undefined || order === 1 ? ROOT : (trie.find(ROOT, start) ?? ROOT);
  }

  /** Number of words, `<s>`, `</s>` and `<unk>` among them. */
  get vocabulary(): number {
    return this.#words.size;
  }

  /** Number of n-grams of all orders. */
  get size(): number {
    return this.#trie.size;
  }

  /** All of them, in the file's order. */
  words(): Iterable<string> {
    return this.#words.keys();
  }

  has(word: string): boolean {
    return this.#words.has(word);
  }

  /** The next word. One that the model does not know counts as `<unk>`, or has the probability 10^-100 where there is none. */
  next(context: number, word: string): NgramStep {
    const id = this.#words.get(word) ?? this.#unknown;
    return id === undefined ? { logProb: UNKNOWN, context: ROOT } : this.#step(context, id);
  }

  /** Natural logarithm of p(`</s>` | context); 0 if the model does not know `</s>`. */
  end(context: number): number {
    return this.#end === undefined ? 0 : this.#step(context, this.#end).logProb;
  }

  #step(context: number, word: number): NgramStep {
    let backoff = 0;
    for (let held = context; ; held = this.#trie.suffix(held)) {
      const node = this.#trie.find(held, word);
      if (node !== undefined) return { logProb: backoff + this.#trie.logProb(node), context: this.#asContext(node) };
      backoff += this.#trie.backoff(held); // never of the root, under which every word is
    }
  }

  /** An n-gram of full order is no context; its longest suffix is. */
  #asContext(node: number): number {
    return this.#trie.length(node) < this.order ? node : this.#trie.suffix(node);
  }
}
