import TinyQueue from "tinyqueue";
import { UserError } from "../../engine/errors.ts";
import { leftOf, PairCounts, rightOf, type CountedWord } from "./pair_counts.ts";

/** The word start marker, as in SentencePiece: U+2581. */
export const WORD_START = "\u2581";

/** Tokens preceding those of the texts. */
export const SPECIAL_TOKENS = ["<blank>", "<unk>"];

/** Pairs with a lower count are not merged: they teach nothing about other texts. */
const MIN_COUNT = 2;

export interface BytePairs {
  /** In order of ids: special tokens, characters by code point, merged pairs from the most frequent on. */
  readonly tokens: readonly string[];
  /** In the order in which they are applied. */
  readonly merges: readonly (readonly [left: string, right: string])[];
}

export interface BytePairOptions {
  /** Number of tokens, special ones included; null for the characters alone. */
  readonly size: number | null;
  /** Called after each merge with the number of tokens so far. */
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Byte-pair encoding (Sennrich et al. 2016, Neural machine translation of rare words with subword units): starts with
 * the characters of the texts' words, each word with a marker at its start, and repeatedly merges the most frequent
 * pair of neighbouring tokens into one token, never across words. Ties go to the pair with the older tokens (the left
 * one first), so that the same texts in any order give the same tokens.
 *
 * @param texts words separated by single spaces
 * @throws UserError stating the limit if the size is too small for the characters or too large for the pairs seen twice
 */
export function learnBytePairs(texts: Iterable<string>, { size, onProgress }: BytePairOptions): BytePairs {
  const counts = countWords(texts);
  const alphabet = [...new Set([WORD_START, ...[...counts.keys()].flatMap((word) => [...word])])].sort(
    (a, b) => a.codePointAt(0)! - b.codePointAt(0)!,
  );
  const tokens = [...SPECIAL_TOKENS, ...alphabet];
  if (counts.size === 0) throw new UserError("the texts have no words to learn a tokenizer from");
  if (size !== null && size < tokens.length) {
    throw new UserError(
      `a size of ${size} is too small: the ${alphabet.length - 1} characters of the texts, the word marker and ${SPECIAL_TOKENS.join(" and ")} need ${tokens.length}`,
    );
  }

  const idOf = new Map(tokens.map((token, id) => [token, id]));
  const words: CountedWord[] = [...counts].map(([word, count]) => ({
    tokens: [WORD_START, ...word].map((character) => idOf.get(character)!),
    count,
  }));
  const pairs = new PairCounts(words);
  const merges: [string, string][] = [];
  // Counts in the queue may be stale: too high where merging removed neighbours.
  const entry = (pair: number) => ({ pair, count: pairs.of(pair) });
  const queue = new TinyQueue(Array.from(pairs.pairs(), entry), (a, b) => b.count - a.count || a.pair - b.pair);

  while (tokens.length < (size ?? 0)) {
    const top = queue.pop();
    if (top === undefined || top.count < MIN_COUNT) {
      throw new UserError(
        `a size of ${size} is too large: the texts give at most ${tokens.length} tokens, since pairs seen only once are not merged`,
      );
    }
    if (top.count !== pairs.of(top.pair)) {
      if (top.count > pairs.of(top.pair)) queue.push(entry(top.pair));
      continue;
    }
    const [left, right] = [tokens[leftOf(top.pair)]!, tokens[rightOf(top.pair)]!];
    merges.push([left, right]);
    // Two merges can give the same token: a + bc and ab + c.
    const id = idOf.get(left + right) ?? tokens.push(left + right) - 1;
    idOf.set(left + right, id);
    for (const pair of pairs.merge(top.pair, id)) queue.push(entry(pair));
    onProgress?.(tokens.length, size ?? 0);
  }
  return { tokens, merges };
}

function countWords(texts: Iterable<string>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const text of texts)
    for (const word of text.split(" ")) if (word !== "") counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
}
