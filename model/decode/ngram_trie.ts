import { hash } from "../../engine/random.ts";

/** The node of the empty n-gram, of which all others are descendants. */
export const ROOT = 0;

/**
 * All n-grams of a language model as a trie: the node of "a b c" is the child of the node of "a b" by the word c. Nodes are
 * numbers, and what they hold are columns of typed arrays that grow; children are found in one hash table over (parent,
 * word) with open addressing. That is about 35 bytes an n-gram, where a Map of strings takes 150 and ends at 16 million.
 */
export class NgramTrie {
  #count = 1;
  #parent = new Uint32Array(64);
  #word = new Uint32Array(64);
  #length = new Uint8Array(64);
  #suffix = new Uint32Array(64);
  #logProb = new Float32Array(64);
  #backoff = new Float32Array(64);
  /** Nodes by hash; 0, the root, which is nobody's child, marks a free place. */
  #table = new Uint32Array(128);

  /** Number of n-grams, the empty one not counted. */
  get size(): number {
    return this.#count - 1;
  }

  /** The node of the n-gram `parent word`, or undefined. */
  find(parent: number, word: number): number | undefined {
    const node = this.#table[this.#place(parent, word)] as number;
    return node === ROOT ? undefined : node;
  }

  /**
   * Adds the n-gram `parent word`; n-grams of one word less have to be there already.
   *
   * @param logProb of the word after the parent's words, a natural logarithm as all here
   * @param backoff what probabilities of words that do not follow the n-gram are multiplied with
   * @returns whether it was added, which it is not if it is there already
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
    this.#table[this.#place(parent, word)] = node;
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

  /** The longest n-gram of the trie that the node's n-gram ends in, without its first word or more; the root at last. */
  suffix(node: number): number {
    return this.#suffix[node] as number;
  }

  /** Not simply one word less: pruning may have taken "b c" away and have left "a b c". */
  #longestSuffix(parent: number, word: number): number {
    for (let context = parent; context !== ROOT;) {
      context = this.suffix(context);
      const node = this.find(context, word);
      if (node !== undefined) return node;
    }
    return ROOT;
  }

  /** Where in the table the child is, or would be. */
  #place(parent: number, word: number): number {
    const mask = this.#table.length - 1;
    for (let place = hash(parent, word) & mask; ; place = (place + 1) & mask) {
      const node = this.#table[place] as number;
      if (node === ROOT || (this.#parent[node] === parent && this.#word[node] === word)) return place;
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
      this.#table[this.#place(this.#parent[node] as number, this.#word[node] as number)] = node;
  }
}

function larger<Column extends Uint32Array | Uint8Array | Float32Array>(old: Column, column: Column): Column {
  column.set(old);
  return column;
}
