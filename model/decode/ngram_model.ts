import { NgramTrie, ROOT, type TrieColumns } from "./ngram_trie.ts";

/** A word's log-probability, and the context for the next word. */
export interface NgramStep {
  /** Natural logarithm of p(word | context). */
  readonly logProb: number;
  readonly context: number;
}

/** What a model is made of, as another thread may receive it. */
export interface SharedNgrams {
  readonly order: number;
  readonly words: ReadonlyMap<string, number>;
  readonly trie: TrieColumns;
  readonly source: string;
}

/** Log-probability of an unknown word in a model without `<unk>` (10^-100): possible, but worse than anything else. */
const UNKNOWN = -100 * Math.LN10;

/**
 * A back-off n-gram language model (Katz 1987). A word's probability after a history is that of the longest matching n-gram in the
 * model, times the back-off weights of the contexts that were too long:
 *
 *     p(w | h) = p(h w)                       if the n-gram h w is in the model
 *                backoff(h) · p(w | h')       else; h' is h without its first word, and backoff(h) is 1 if h is not in the model
 *
 * A *context* is a node of the trie: the longest n-gram of fewer than `order` words in the model that is a suffix of the history.
 * Earlier words affect no probability, so equal contexts have equal futures.
 */
export class NgramModel {
  /** Length of the longest n-grams. */
  readonly order: number;
  /** Names it in messages. */
  readonly source: string;
  /** The context at the start of a sentence: `<s>`, or the root if the model lacks it. */
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

  /** A model of what `parts` gave. */
  static of({ order, words, trie, source }: SharedNgrams): NgramModel {
    return new NgramModel(order, words, NgramTrie.of(trie), source);
  }

  get parts(): SharedNgrams {
    return { order: this.order, words: this.#words, trie: this.#trie.columns, source: this.source };
  }

  /** Number of words, including `<s>`, `</s>` and `<unk>`. */
  get vocabulary(): number {
    return this.#words.size;
  }

  /** Number of n-grams of all orders. */
  get size(): number {
    return this.#trie.size;
  }

  /** All words, in the file's order. */
  words(): Iterable<string> {
    return this.#words.keys();
  }

  has(word: string): boolean {
    return this.#words.has(word);
  }

  /** The word's number, for `step`: that of `<unk>` if it is unknown, undefined if the model lacks that too. */
  id(word: string): number | undefined {
    return this.#words.get(word) ?? this.#unknown;
  }

  /** Scores the next word. An unknown word counts as `<unk>`, or has the probability 10^-100 if the model lacks `<unk>`. */
  next(context: number, word: string): NgramStep {
    return this.step(context, this.id(word));
  }

  /** `next`, for whoever has looked up the word before. */
  step(context: number, id: number | undefined): NgramStep {
    return id === undefined ? { logProb: UNKNOWN, context: ROOT } : this.#step(context, id);
  }

  /** Natural logarithm of p(`</s>` | context); 0 if the model lacks `</s>`. */
  end(context: number): number {
    return this.#end === undefined ? 0 : this.#step(context, this.#end).logProb;
  }

  #step(context: number, word: number): NgramStep {
    let backoff = 0;
    for (let held = context; ; held = this.#trie.suffix(held)) {
      const node = this.#trie.find(held, word);
      if (node !== undefined) return { logProb: backoff + this.#trie.logProb(node), context: this.#asContext(node) };
      backoff += this.#trie.backoff(held); // never reached at the root, which has every word as a child
    }
  }

  /** The context after an n-gram: itself, or its longest suffix if it has full order. */
  #asContext(node: number): number {
    return this.#trie.length(node) < this.order ? node : this.#trie.suffix(node);
  }
}
