import TinyQueue from "tinyqueue";
import { UserError } from "../../engine/errors.ts";
import { leftOf, PairCounts, rightOf, type CountedWord } from "./pair_counts.ts";

/** The mark of a word's start, as SentencePiece has it: U+2581. */
export const WORD_START = "\u2581";

/** Tokens before those of the texts. */
export const SPECIAL_TOKENS = ["<blank>", "<unk>"];

/** Pairs seen less often are not merged: they teach nothing about other texts. */
const LEAST_COUNT = 2;

export interface BytePairs {
  /** In the order of ids: special tokens, characters by code point, merged pairs from the most frequent on. */
  readonly tokens: readonly string[];
  /** In the order in which they are applied. */
  readonly merges: readonly (readonly [left: string, right: string])[];
}

export interface BytePairOptions {
  /** Number of tokens, the special ones included; null for the characters alone. */
  readonly size: number | null;
  /** Called after each merge with the number of tokens so far. */
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Byte-pair encoding (Sennrich et al. 2016, Neural machine translation of rare words with subword units): begins with the
 * characters of the texts' words, each word with a mark at its start, and again and again makes one token of the most
 * frequent pair of neighbours, never across words. Of pairs equally frequent it takes the one whose tokens are older (the
 * left one first), so that the same texts in any order give the same tokens.
 *
 * @param texts words separated by single spaces
 * @throws UserError if the size is smaller than the characters need or larger than pairs seen twice give, with the limit
 */
export function learnBytePairs(texts: Iterable<string>, { size, onProgress }: BytePairOptions): BytePairs {
  const counts = countWords(texts);
  const alphabet = [...new Set([WORD_START, ...[...counts.keys()].flatMap((word) => [...word])])].sort(
    (a, b) => a.codePointAt(0)! - b.codePointAt(0)!,
  );
  const tokens = [...SPECIAL_TOKENS, ...alphabet];
  if (counts.size === 0) throw new UserError("the texts have no words to make a tokenizer of");
  if (size !== null && size < tokens.length) {
    throw new UserError(
      `a size of ${size} is too small: the texts have ${alphabet.length - 1} characters, which with the word mark and ${SPECIAL_TOKENS.join(" and ")} need ${tokens.length}`,
    );
  }

  const idOf = new Map(tokens.map((token, id) => [token, id]));
  const words: CountedWord[] = [...counts].map(([word, count]) => ({
    tokens: [WORD_START, ...word].map((character) => idOf.get(character)!),
    count,
  }));
  const pairs = new PairCounts(words);
  const merges: [string, string][] = [];
  // Counts in the queue may be out of date: too high where merging took neighbours away.
  const entry = (pair: number) => ({ pair, count: pairs.of(pair) });
  const queue = new TinyQueue(Array.from(pairs.pairs(), entry), (a, b) => b.count - a.count || a.pair - b.pair);

  while (tokens.length < (size ?? 0)) {
    const top = queue.pop();
    if (top === undefined || top.count < LEAST_COUNT) {
      throw new UserError(
        `a size of ${size} is too large: the texts give ${tokens.length} tokens at most, since a pair that is seen once is not merged`,
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
