/** A word as tokens, and its count in the texts. */
export interface CountedWord {
  tokens: number[];
  readonly count: number;
}

/** More tokens than any tokenizer has. A pair is encoded as `left * MOST_TOKENS + right`, which sorts by its tokens. */
const MOST_TOKENS = 2 ** 24;

export const leftOf = (pair: number): number => Math.floor(pair / MOST_TOKENS);
export const rightOf = (pair: number): number => pair % MOST_TOKENS;

/** Counts each pair of neighbouring tokens, and tracks the words that contain it, while words change by merging. */
export class PairCounts {
  readonly #words: readonly CountedWord[];
  readonly #count = new Map<number, number>();
  readonly #wordsWith = new Map<number, Set<number>>();

  constructor(words: readonly CountedWord[]) {
    this.#words = words;
    for (const index of words.keys()) this.#add(index);
  }

  /** Count of a pair; 0 if it does not occur. */
  of(pair: number): number {
    return this.#count.get(pair) ?? 0;
  }

  pairs(): Iterable<number> {
    return this.#count.keys();
  }

  /**
   * Merges every occurrence of the pair into one token, from left to right. Returns the pairs that this makes
   * neighbours.
   */
  merge(pair: number, token: number): Set<number> {
    const [left, right] = [leftOf(pair), rightOf(pair)];
    const touched = new Set<number>();
    for (const index of [...(this.#wordsWith.get(pair) ?? [])]) {
      this.#remove(index);
      const word = this.#words[index]!;
      word.tokens = merged(word.tokens, left, right, token);
      for (const neighbours of this.#add(index))
        if (leftOf(neighbours) === token || rightOf(neighbours) === token) touched.add(neighbours);
    }
    return touched;
  }

  #add(index: number): number[] {
    const { tokens, count } = this.#words[index]!;
    const pairs = pairsOf(tokens);
    for (const pair of pairs) {
      this.#count.set(pair, this.of(pair) + count);
      const words = this.#wordsWith.get(pair);
      if (words) words.add(index);
      else this.#wordsWith.set(pair, new Set([index]));
    }
    return pairs;
  }

  #remove(index: number): void {
    const { tokens, count } = this.#words[index]!;
    for (const pair of pairsOf(tokens)) {
      const left = this.of(pair) - count;
      if (left > 0) this.#count.set(pair, left);
      else this.#count.delete(pair);
      this.#wordsWith.get(pair)?.delete(index);
    }
  }
}

const pairsOf = (tokens: readonly number[]): number[] =>
  tokens.slice(1).map((right, i) => tokens[i]! * MOST_TOKENS + right);

function merged(tokens: readonly number[], left: number, right: number, token: number): number[] {
  const result: number[] = [];
  for (let i = 0; i < tokens.length; i++) {
    if (tokens[i] === left && tokens[i + 1] === right) {
      result.push(token);
      i++;
    } else result.push(tokens[i]!);
  }
  return result;
}
