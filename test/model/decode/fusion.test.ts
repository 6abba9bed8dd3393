import { beforeAll, describe, expect, it } from "vitest";
import { UserError } from "../../../engine/errors.ts";
import { parseArpa } from "../../../model/decode/arpa.ts";
import { characterFusion, wordFusion, type Fusion } from "../../../model/decode/fusion.ts";
import type { NgramModel } from "../../../model/decode/ngram_model.ts";
import { prefixBeamSearch } from "../../../model/decode/prefix_beam.ts";
import { logAddExp } from "../../../model/decode/ranking.ts";
import { CharacterUnits } from "../../../model/units/characters.ts";
import type { Units } from "../../../model/units/units.ts";
import { wordsOfPieces } from "../../../model/units/words.ts";
import { draw } from "./random_log_probs.ts";

const WORDS = `\\data\\
ngram 1=6
ngram 2=5

\\1-grams:
-99 <s> -0.3
-0.7 </s>
-0.5 a -0.2
-0.9 b -0.4
-0.6 ab -0.1
-2.5 <unk>

\\2-grams:
-0.2 <s> ab
-0.4 ab a
-0.3 a b
-0.8 a a
-0.1 b </s>

\\end\\
`;
const CHARACTERS = WORDS.replaceAll("ab", "|").replace("-2.5 <unk>\n", "").replace("1=6", "1=5");

let words: NgramModel;
let characters: NgramModel;
beforeAll(async () => {
  words = await parseArpa(WORDS.split("\n"), "words.arpa");
  characters = await parseArpa(CHARACTERS.split("\n"), "characters.arpa");
});

const units = new CharacterUnits([" ", "a", "b"]);
const weights = { weight: 0.7, bonus: 0.9 };

/** log p of a list of words by the definition of back-off, from the file's own lines. */
function logProbability(arpa: string, list: readonly string[]): number {
  const entries = new Map(
    arpa.split("\n").flatMap((line) => {
      const [logProb, ...rest] = line.split(" ");
      const backoff = Number.isNaN(Number(rest.at(-1))) ? 0 : Number(rest.pop());
      return line.startsWith("-") ? [[rest.join(" "), { logProb: Number(logProb), backoff }] as const] : [];
    }),
  );
  const known = (word: string): string => (entries.has(word) ? word : "<unk>");
  const sentence = ["<s>", ...list.map(known), "</s>"];
  const log10 = sentence.slice(1).reduce((sum, word, i) => {
    const bigram = entries.get(`${sentence[i]} ${word}`);
    return sum + (bigram?.logProb ?? entries.get(sentence[i]!)!.backoff + entries.get(word)!.logProb);
  }, 0);
  return log10 * Math.LN10;
}

/** Every labelling that any path collapses to, with log p_ctc: the sum over its paths. */
function labellings(logProbs: Float32Array, vocab: number): { labels: number[]; score: number }[] {
  const frames = logProbs.length / vocab;
  const sums = new Map<string, number>();
  for (let number = 0; number < vocab ** frames; number++) {
    const path = Array.from({ length: frames }, (_, t) => Math.floor(number / vocab ** t) % vocab);
    const key = path.filter((k, t) => k !== 0 && k !== path[t - 1]).join(" ");
    sums.set(
      key,
      logAddExp(
        sums.get(key) ?? -Infinity,
        path.reduce((sum, k, t) => sum + logProbs[t * vocab + k]!, 0),
      ),
    );
  }
  return [...sums].map(([key, score]) => ({ labels: key === "" ? [] : key.split(" ").map(Number), score }));
}

const cut = (text: string): string[] => text.split(" ").filter((word) => word !== "");

interface Level {
  name: string;
  fusion: () => Fusion;
  list: (text: string) => string[];
  arpa: string;
}

const levels: Level[] = [
  { name: "word", fusion: () => wordFusion(words, units, weights), list: cut, arpa: WORDS },
  {
    name: "character",
    fusion: () => characterFusion(characters, units, weights),
    list: (text) => [...text.replaceAll(" ", "|")],
    arpa: CHARACTERS,
  },
];

describe.each(levels)("shallow fusion by the $name", ({ fusion, list, arpa }) => {
  it("ranks all labellings by their exact sum: CTC over all paths, language model, bonus", () => {
    const logProbs = draw(5, 4, 1);
    const exact = labellings(logProbs, 4).map(({ labels, score }) => {
      const tokens = list(units.decode(labels));
      const lm = logProbability(arpa, tokens);
      return {
        labels: labels.join(" "),
        score,
        lm,
        total: score + weights.weight * lm + weights.bonus * tokens.length,
      };
    });
    const found = prefixBeamSearch(logProbs, 4, { beam: 2000, fusion: fusion() });
    expect(found.length).toBe(exact.length);
    const byLabels = new Map(exact.map((answer) => [answer.labels, answer]));
    for (const { labels, score, lm, total } of found) {
      const answer = byLabels.get(labels.join(" "))!;
      expect(
        [score, lm, total].map((x, i) => Math.abs(x - [answer.score, answer.lm, answer.total][i]!) < 1e-5),
      ).toEqual([true, true, true]);
    }
    expect(found.map(({ total }) => total)).toEqual(found.map(({ total }) => total).sort((a, b) => b - a));
    const best = exact.reduce((a, b) => (b.total > a.total ? b : a));
    expect(found[0]!.labels.join(" ")).toBe(best.labels);
    expect(best.labels).not.toBe(exact.reduce((a, b) => (b.score > a.score ? b : a)).labels); // else it need not have taken part
  });

  it("finds, with a narrow beam, one of the best labellings", () => {
    for (let seed = 10; seed < 20; seed++) {
      const logProbs = draw(6, 4, seed);
      const totals = prefixBeamSearch(logProbs, 4, { beam: 2000, fusion: fusion() }).map(({ total }) => total);
      expect(prefixBeamSearch(logProbs, 4, { beam: 12, fusion: fusion() })[0]!.total).toBeGreaterThan(totals[3]!);
    }
  });
});

it("weight 0 and bonus 0 give the plain search, number by number", () => {
  const nothing = { weight: 0, bonus: 0 };
  for (let seed = 0; seed < 20; seed++) {
    const logProbs = draw(20, 4, seed);
    const plain = prefixBeamSearch(logProbs, 4, { beam: 4 });
    for (const fusion of [wordFusion(words, units, nothing), characterFusion(characters, units, nothing)]) {
      const fused = prefixBeamSearch(logProbs, 4, { beam: 4, fusion });
      expect(fused.map(({ labels, score, total }) => ({ labels, score, total, lm: 0 }))).toEqual(plain);
    }
  }
});

it("counts subwords to the word that they are part of", () => {
  const pieces = ["", " a", " ab", "b", " a b", ""];
  const piece = (label: number) => ({ text: pieces[label]!, startsWord: pieces[label]!.startsWith(" ") });
  const subwords: Units = {
    kind: "bpe",
    blank: 0,
    size: 6,
    piece,
    wordsOf: (labels) => wordsOfPieces(Array.from(labels, piece)),
    decode: (labels) =>
      Array.from(labels, (label) => piece(label).text)
        .join("")
        .trim(),
    normalised: (text) => text,
    unknownIn: () => [],
    encode: () => new Int32Array(),
    toJSON: () => ({ blank: 0, characters: [] }),
  };
  const fusion = wordFusion(words, subwords, weights);
  for (const labels of [[1, 3], [2, 4, 3], [4], [1, 5, 3], []]) {
    const text = cut(subwords.decode(labels));
    const { lm, count } = fusion.end(labels.reduce(fusion.extend, fusion.begin));
    expect(lm).toBeCloseTo(logProbability(WORDS, text), 5);
    expect(count).toBe(text.length);
    labels.reduce((prefix, label) => {
      const longer = fusion.extend(prefix, label);
      expect(longer.score - prefix.score).toBeLessThanOrEqual(fusion.maxGain); // by which the search leaves prefixes out
      return longer;
    }, fusion.begin);
  }
});

it("a language model of other characters is refused, with those that it lacks", () => {
  const others = new CharacterUnits([" ", "a", "ö", "b", "z"]);
  expect(() => characterFusion(characters, others, weights)).toThrow(UserError);
  expect(() => characterFusion(characters, others, weights)).toThrow(
    "characters.arpa is not a language model over the checkpoint's characters: it lacks 'ö', 'z'",
  );
  expect(() => characterFusion(words, new CharacterUnits([..." abcdefghijklmnop"]), weights)).toThrow(
    /it lacks ' ', 'c', .*'k' and 5 more$/u,
  );
});

it("a language model of words none of which the units can spell is refused, as one in capitals; one such word is enough", async () => {
  const capitals = new CharacterUnits([..." AB"]);
  expect(() => wordFusion(words, capitals, weights)).toThrow(
    new UserError(
      "words.arpa does not fit this checkpoint: the checkpoint's characters spell none of the language model's words, such as 'a'",
    ),
  );
  const mixed = await parseArpa(
    WORDS.replace("-2.5 <unk>", "-2.5 <unk>\n-3 BA").replace("1=6", "1=7").split("\n"),
    "mixed.arpa",
  );
  expect(() => wordFusion(mixed, capitals, weights)).not.toThrow();
  const empty = await parseArpa(["\\data\\", "ngram 1=2", "\\1-grams:", "-1 <s>", "-1 </s>", "\\end\\"], "empty.arpa");
  expect(() => wordFusion(empty, units, weights)).toThrow(
    "empty.arpa does not fit this checkpoint: the checkpoint's characters spell none of the language model's words",
  );
});
