import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { UserError } from "../../../engine/errors.ts";
import { uniform } from "../../../engine/random.ts";
import { parseArpa } from "../../../model/decode/arpa.ts";
import type { NgramModel } from "../../../model/decode/ngram_model.ts";
import { ROOT } from "../../../model/decode/ngram_trie.ts";

const fixture = (name: string): string =>
  readFileSync(new URL(`../../fixtures/language_model/${name}`, import.meta.url), "utf8");
const words = fixture("words.arpa");
const parse = (text: string): Promise<NgramModel> => parseArpa(text.split("\n"), "lm.arpa");

/** log10 of each word of a sentence after `<s>`, and of `</s>`. */
function scores(model: NgramModel, sentence: string): number[] {
  let context = model.begin;
  const found = sentence.split(" ").map((word) => {
    const step = model.next(context, word);
    context = step.context;
    return step.logProb / Math.LN10;
  });
  return [...found, model.end(context) / Math.LN10];
}

describe("an n-gram model", () => {
  const { cases } = JSON.parse(fixture("words_scores.json")) as { cases: { sentence: string; log10: number[] }[] };

  it.each(cases)("gives '$sentence' the probabilities that SphinxBase gives it", async ({ sentence, log10 }) => {
    // A bigram that two trigrams contain is not in the file, as pruning may leave it. SphinxBase counts in steps of log10(1.0001) = 4.3e-5, once for each n-gram and back-off weight.
    scores(await parse(words), sentence).forEach((score, i) => expect(Math.abs(score - log10[i]!)).toBeLessThan(2e-4));
  });

  it("counts what it holds", async () => {
    const model = await parse(words);
    expect([model.order, model.vocabulary, model.size, model.has("größe"), model.has("six")]).toEqual([
      3,
      8,
      31,
      true,
      false,
    ]);
  });

  it("takes an unknown word for <unk>, and for next to impossible where there is none", async () => {
    const model = await parse(words);
    // backoff(two two) is 0, since no 3-gram begins so; then backoff(two) and p(<unk>).
    const context = model.next(model.next(ROOT, "two").context, "two").context;
    expect(model.next(context, "six").logProb / Math.LN10).toBeCloseTo(-0.511883 - 0.821186, 5);
    expect(model.next(context, "six").context).toBe(model.next(context, "<unk>").context);
    const without = await parse(words.replace("ngram 1=8", "ngram 1=7").replace("-0.821186\t<unk>\n", ""));
    expect(without.next(context, "six")).toEqual({ logProb: -100 * Math.LN10, context: ROOT });
  });

  it("grows to many n-grams and finds each of them again", async () => {
    const count = 5000;
    const value = (i: number): number => -uniform(3, i) * 4;
    const lines = [
      "\\data\\",
      `ngram 1=${count}`,
      `ngram 2=${count}`,
      "\\1-grams:",
      ...Array.from({ length: count }, (_, i) => `${value(i)} w${i} ${value(i + count)}`),
      "",
      "\\2-grams:",
      ...Array.from({ length: count }, (_, i) => `${value(i + 2 * count)}\tw${i}\tw${(7 * i) % count}`),
      "\\end\\",
    ];
    const model = await parseArpa(lines, "large.arpa");
    for (let i = 0; i < count; i += 13) {
      const { context } = model.next(ROOT, `w${i}`);
      expect(model.next(context, `w${(7 * i) % count}`).logProb / Math.LN10).toBeCloseTo(value(i + 2 * count), 5);
      expect(model.next(context, `w${(7 * i + 1) % count}`).logProb / Math.LN10).toBeCloseTo(
        value(i + count) + value((7 * i + 1) % count),
        5,
      );
    }
  });

  it("of single words has one context, and one without <s> begins there too", async () => {
    const model = await parse("\\data\\\nngram 1=2\n\\1-grams:\n-1 a\n-2 b -0.5\n\\end\\\n");
    expect([model.begin, model.next(model.begin, "a").context, model.end(model.begin)]).toEqual([ROOT, ROOT, 0]);
    expect(model.next(model.begin, "b").logProb).toBeCloseTo(-2 * Math.LN10, 6);
  });

  it.each(["-99", "-inf", "-Infinity", "-1e38"])("reads %s as a probability of zero", async (zero) => {
    const model = await parse(small.replace("-2 b", `${zero} b`));
    expect(model.next(0, "b").logProb).toBeCloseTo(-99 * Math.LN10, 4);
  });

  it("reads what IRSTLM rounds to more than 1 as 1, and a back-off weight of zero", async () => {
    const model = await parse(small.replace("-2 b", "1.1e-7 b").replace("-0.1", "-inf"));
    expect(model.next(0, "b").logProb).toBe(0);
  });

  it("reads sections without n-grams, with their headings and without", async () => {
    const empty = small.replace("ngram 2=1", "ngram 2=1\nngram 3=0");
    const [headed, bare] = [await parse(empty.replace("\\end\\", "\\3-grams:\n\n\\end\\")), await parse(empty)];
    expect([headed.size, bare.size]).toEqual([3, 3]);
  });

  it("keeps spaces of other kinds in words, which are in normal form", async () => {
    const model = await parse(small.replace("-2 b", "-2 e\u0301\u2028").replace("a b", "a \u00E9\u2028"));
    expect(model.has("\u00E9\u2028")).toBe(true);
  });

  it("names IRSTLM's own formats", async () => {
    await expect(parse(`iARPA\n${small}`)).rejects.toThrow(
      "lm.arpa is in IRSTLM's own format iARPA, expected ARPA: convert it with compile-lm --text=yes",
    );
  });

  it("reads lines that end in CR and LF, and stops at \\end\\", async () => {
    const text =
      "\uFEFFmade by hand\r\n\\data\\\r\nngram 1=1\r\n\r\n\\1-grams:\r\n-1\ta\r\n\r\n\\end\\\r\nnothing of this\r\n";
    expect((await parse(text)).size).toBe(1);
  });
});

const small = "\\data\\\nngram 1=2\nngram 2=1\n\n\\1-grams:\n-1 a -0.1\n-2 b\n\n\\2-grams:\n-0.3 a b\n\n\\end\\\n";

describe("a bad file is refused with its line:", () => {
  it.each([
    ["something else", "one two three\n", "lm.arpa is not a language model in ARPA format: it has no line \\data\\"],
    [
      "an end before the end",
      small.slice(0, -7),
      "lm.arpa, line 11: expected \\end\\, but the file ends: it is cut short",
    ],
    [
      "a missing n-gram",
      small.replace("-2 b\n", ""),
      "lm.arpa, line 8: expected 2 1-grams, as announced in the file's header, before \\2-grams:, got '1'",
    ],
    [
      "a missing section",
      small.replace("\\2-grams:", "\\3-grams:"),
      "lm.arpa, line 9: expected \\2-grams:, got '\\3-grams:'",
    ],
    [
      "no numbers of n-grams",
      small.replace(/ngram.*\n/gu, ""),
      "lm.arpa, line 3: expected 'ngram 1=' and the number of words, got '\\1-grams:'",
    ],
    [
      "numbers in another order",
      small.replace("ngram 2", "ngram 3"),
      "lm.arpa, line 3: expected 'ngram 2=' and a number, or \\1-grams:, got 'ngram 3=1'",
    ],
    [
      "a probability that is no number",
      small.replace("-2 b", "x b"),
      "lm.arpa, line 7: expected a log10 probability, 0 or less, got 'x'",
    ],
    [
      "a probability over 1",
      small.replace("-2 b", "0.2 b"),
      "lm.arpa, line 7: expected a log10 probability, 0 or less, got '0.2'",
    ],
    [
      "a back-off weight that is no number",
      small.replace("-0.1", "much"),
      "lm.arpa, line 6: expected a log10 back-off weight at the end, got 'much'",
    ],
    [
      "a word too many",
      small.replace("a b", "a b b b"),
      "lm.arpa, line 10: expected a log10 probability, 2 words and at most a back-off weight, got '-0.3 a b b b'",
    ],
    [
      "an unknown word",
      small.replace("a b", "a c"),
      "lm.arpa, line 10: expected a word listed in the 1-grams, got 'c'",
    ],
    [
      "an n-gram that is there twice",
      small.replace("-2 b", "-2 a"),
      "lm.arpa, line 7: expected each n-gram once, whichever form of Unicode its words are in, got '-2 a'",
    ],
    [
      "a word that is there in two forms of Unicode",
      small.replace("-1 a", "-1 \u00e4").replace("-2 b", "-2 a\u0308"),
      "lm.arpa, line 7: expected each n-gram once, whichever form of Unicode its words are in, got '-2 a\u0308'",
    ],
  ])("%s", async (_, text, message) => {
    const reading = parse(text);
    await expect(reading).rejects.toThrow(UserError);
    await expect(reading).rejects.toThrow(message);
  });

  it("an n-gram without its context", async () => {
    const text =
      "\\data\\\nngram 1=1\nngram 2=0\nngram 3=1\n\\1-grams:\n-1 a\n\\2-grams:\n\\3-grams:\n-1 a a a\n\\end\\\n";
    await expect(parse(text)).rejects.toThrow(
      "lm.arpa, line 9: expected the 2-gram 'a a' before n-grams that extend it, got '-1 a a a'",
    );
  });
});
