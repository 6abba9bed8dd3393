import { hash } from "../../engine/random.ts";

/** The node of the empty n-gram, the ancestor of all others. */
export const ROOT = 0;

/** A trie's memory: `count` nodes, the root included, and the hash table. */
export interface TrieColumns {
  readonly count: number;
  readonly parent: Uint32Array;
  readonly word: Uint32Array;
  readonly length: Uint8Array;
  readonly suffix: Uint32Array;
  readonly logProb: Float32Array;
  readonly backoff: Float32Array;
  readonly table: Uint32Array;
}

/**
 * A language model's n-grams as a trie: the node of "a b c" is the child of the node of "a b" by the word c. Nodes are numbers; their
 * fields are columns of growing typed arrays. One open-addressing hash table over (parent, word) finds children. This takes about 35
 * bytes per n-gram, where a Map of strings takes 150 and is limited to 16 million entries.
 */
export class NgramTrie {
  #count = 1;
  #parent: Uint32Array = new Uint32Array(64);
  #word: Uint32Array = new Uint32Array(64);
  #length: Uint8Array = new Uint8Array(64);
  #suffix: Uint32Array = new Uint32Array(64);
  #logProb: Float32Array = new Float32Array(64);
  #backoff: Float32Array = new Float32Array(64);
  /** Nodes by hash. 0 marks a free slot, as the root is not a child of any node. */
  #table: Uint32Array = new Uint32Array(128);

  /** A trie in memory that `columns` gave. */
  static of(columns: TrieColumns): NgramTrie {
    const trie = new NgramTrie();
    trie.#count = columns.count;
    trie.#parent = columns.parent;
    trie.#word = columns.word;
    trie.#length = columns.length;
    trie.#suffix = columns.suffix;
    trie.#logProb = columns.logProb;
    trie.#backoff = columns.backoff;
    trie.#table = columns.table;
    return trie;
  }

  /** Its memory, for example to copy it to where other threads read it too. */
  get columns(): TrieColumns {
    return {
      count: this.#count,
      parent: this.#parent,
      word: this.#word,
      length: this.#length,
      suffix: this.#suffix,
      logProb: this.#logProb,
      backoff: this.#backoff,
      table: this.#table,
    };
  }

  /** Number of n-grams, not counting the empty one. */
  get size(): number {
    return this.#count - 1;
  }

  /** The node of the n-gram `parent word`, or undefined. */
  find(parent: number, word: number): number | undefined {
    const node = this.#table[this.#slot(parent, word)] as number;
    return node === ROOT ? undefined : node;
  }

  /**
   * Adds the n-gram `parent word`. All n-grams one word shorter must have been added before.
   *
   * @param logProb of the word given the parent's words; all logarithms here are natural
   * @param backoff log back-off weight of the n-gram as a context
   * @returns false if the n-gram already exists
   */
  add(parent: number, word: number, logProb: number, backoff: number): boolean {
    if (this.find(parent, word) !== undefined) return false;
    if (2 * this.#count >= this.#table.length) this.#grow();
    const node = this.#count++;
    this.#parent[node] = parent;
    this.#word[node] = word;
    this.#length[node] = this.length(parent) + 1;
    this.#logProb[node] = logProb;
    this.#backoff[node] = backoff;
    this.#suffix[node] = this.#longestSuffix(parent, word);
    this.#table[this.#slot(parent, word)] = node;
    return true;
  }

  /** Number of words. */
  length(node: number): number {
    return this.#length[node] as number;
  }

  /** log p(last word | words before it). */
  logProb(node: number): number {
    return this.#logProb[node] as number;
  }

  backoff(node: number): number {
    return this.#backoff[node] as number;
  }

  /** The longest proper suffix of the node's n-gram that is in the trie; the root if there is no other. */
  suffix(node: number): number {
    return this.#suffix[node] as number;
  }

  /** Not always one word shorter: pruning may have removed "b c" but kept "a b c". */
  #longestSuffix(parent: number, word: number): number {
    for (let context = parent; context !== ROOT;) {
      context = this.suffix(context);
      const node = this.find(context, word);
      if (node !== undefined) return node;
    }
    return ROOT;
  }

  /** The table slot of the child, or the free slot for it. */
  #slot(parent: number, word: number): number {
    const mask = this.#table.length - 1;
    for (let slot = hash(parent, word) & mask; ; slot = (slot + 1) & mask) {
      const node = this.#table[slot] as number;
      if (node === ROOT || (this.#parent[node] === parent && this.#word[node] === word)) return slot;
    }
  }

  #grow(): void {
    const size = 2 * this.#parent.length;
    this.#parent = larger(this.#parent, new Uint32Array(size));
    this.#word = larger(this.#word, new Uint32Array(size));
    this.#length = larger(this.#length, new Uint8Array(size));
    this.#suffix = larger(this.#suffix, new Uint32Array(size));
    this.#logProb = larger(this.#logProb, new Float32Array(size));
    this.#backoff = larger(this.#backoff, new Float32Array(size));
    this.#table = new Uint32Array(2 * this.#table.length);
    for (let node = 1; node < this.#count; node++)
      this.#table[this.#slot(this.#parent[node] as number, this.#word[node] as number)] = node;
  }
}

function larger<Column extends Uint32Array | Uint8Array | Float32Array>(old: Column, column: Column): Column {
  column.set(old);
  return column;
}
