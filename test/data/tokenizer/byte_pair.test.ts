import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { UserError } from "../../../engine/errors.ts";
import { SubwordUnits } from "../../../model/units/subword.ts";
import { learnBytePairs } from "../../../data/tokenizer/byte_pair.ts";
import { bytePairTokenizer } from "../../../data/tokenizer/tokenizer_file.ts";

const fixture = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../fixtures/tokenizers/${name}.json`, import.meta.url), "utf8"));
const { corpus } = fixture("expected") as { corpus: string[] };
const python = fixture("bpe") as { model: { vocab: Record<string, number>; merges: [string, string][] } };

test("learns what Python's tokenizers learn from the same texts", () => {
  const { vocab, merges } = python.model;
  const learnt = bytePairTokenizer(learnBytePairs(corpus, { size: Object.keys(vocab).length }))
    .model as typeof python.model;
  expect(learnt.merges).toEqual(merges);
  expect(learnt.vocab).toEqual(vocab);
});

test("the order of the texts changes nothing", () => {
  const forwards = learnBytePairs(corpus, { size: 100 });
  expect(learnBytePairs([...corpus].reverse(), { size: 100 })).toEqual(forwards);
  expect(learnBytePairs(corpus.flatMap((text) => text.split(" ")).sort(), { size: 100 })).toEqual(forwards);
});

describe("by hand", () => {
  test("the most frequent pair, then the most frequent of what there is then", () => {
    // ▁ l o w (5 times), ▁ l o w e r (2), ▁ n e w (6). First ▁ l, l o and o w 7 times each, e w, n e and ▁ n 6 times each.
    const texts = [..."low ".repeat(5).trim().split(" "), "lower", "lower", ..."new ".repeat(6).trim().split(" ")];
    const { tokens, merges } = learnBytePairs(texts, { size: 14 });
    expect(tokens.slice(0, 9)).toEqual(["<blank>", "<unk>", "e", "l", "n", "o", "r", "w", "▁"]);
    expect(merges).toEqual([
      ["l", "o"],
      ["▁", "lo"],
      ["▁lo", "w"],
      ["e", "w"],
      ["n", "ew"],
    ]); // of equals the older left token
  });

  test("a character that repeats itself", () => {
    const { merges } = learnBytePairs(["aaaaa aaaaa"], { size: 6 });
    expect(merges).toEqual([
      ["a", "a"],
      ["▁", "aa"],
    ]);
    const units = new SubwordUnits(bytePairTokenizer(learnBytePairs(["aaaaa aaaaa"], { size: 6 })));
    expect([...units.encode("aaaaa")].map((label) => units.tokens[label])).toEqual(["▁aa", "aa", "a"]);
  });

  test("never over the end of a word", () => {
    const { tokens } = learnBytePairs(["a b a b a b c"], { size: 8 });
    expect(tokens.slice(6)).toEqual(["▁a", "▁b"]);
  });

  test("characters alone, without a size", () => {
    expect(learnBytePairs(["ba", "a c"], { size: null })).toEqual({
      tokens: ["<blank>", "<unk>", "a", "b", "c", "▁"],
      merges: [],
    });
  });
});

test("progress counts tokens up to the size", () => {
  const seen: [number, number][] = [];
  learnBytePairs(["ab ab"], { size: 7, onProgress: (done, total) => seen.push([done, total]) });
  expect(seen).toEqual([
    [6, 7],
    [7, 7],
  ]);
});

describe("refuses", () => {
  test.each<[string, string[], number | null, string]>([
    [
      "a size that the characters do not fit in",
      ["ab c"],
      5,
      "a size of 5 is too small: the 3 characters of the texts, the word marker and <blank> and <unk> need 6",
    ],
    [
      "more tokens than there are pairs",
      ["ab ab c"],
      50,
      "a size of 50 is too large: the texts give at most 8 tokens, since pairs seen only once are not merged",
    ],
    ["no words", ["", " "], null, "the texts have no words to learn a tokenizer from"],
  ])("%s", (_, texts, size, message) => {
    expect(() => learnBytePairs(texts, { size })).toThrow(UserError);
    expect(() => learnBytePairs(texts, { size })).toThrow(new UserError(message));
  });

  test("nothing between the limits that it names", () => {
    expect(learnBytePairs(["ab c"], { size: 6 }).merges).toEqual([]);
    expect(learnBytePairs(["ab ab c"], { size: 8 }).merges).toHaveLength(2);
  });
});
