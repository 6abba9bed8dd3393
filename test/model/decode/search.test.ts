import { describe, expect, test } from "vitest";
import { greedySearch, greedySearchBatch } from "../../../model/decode/greedy.ts";
import type { Hypothesis } from "../../../model/decode/hypothesis.ts";
import { prefixBeamSearch, prefixBeamSearchBatch } from "../../../model/decode/prefix_beam.ts";
import { logAddExp } from "../../../model/decode/ranking.ts";
import { draw } from "./random_log_probs.ts";

const collapse = (path: number[], blank: number) => path.filter((k, t) => k !== blank && k !== path[t - 1]).join(" ");
const spelled = (found: Hypothesis[]) => found.map(({ labels }) => labels.join(" "));

/** Every path there is, summed by what it collapses to: the definition of CTC. */
function sumOverAllPaths(logProbs: Float32Array, frames: number, vocab: number, blank: number): Map<string, number> {
  const sums = new Map<string, number>();
  for (let number = 0; number < vocab ** frames; number++) {
    const path = Array.from({ length: frames }, (_, t) => Math.floor(number / vocab ** t) % vocab);
    const score = path.reduce((sum, k, t) => sum + logProbs[t * vocab + k]!, 0);
    const key = collapse(path, blank);
    sums.set(key, logAddExp(sums.get(key) ?? -Infinity, score));
  }
  return sums;
}

/** The search as one would first write it: a map of prefixes, every pair of prefix and class visited. */
function plainSearch(logProbs: Float32Array, vocab: number, beam: number, blank: number): [string, number][] {
  let kept = new Map([["", [0, -Infinity]]]);
  for (let t = 0; t < logProbs.length / vocab; t++) {
    const following = new Map<string, number[]>();
    const add = (key: string, end: 0 | 1, score: number) => {
      const sums = following.get(key) ?? [-Infinity, -Infinity];
      sums[end] = logAddExp(sums[end]!, score);
      following.set(key, sums);
    };
    for (const [key, [blankEnd, labelEnd]] of kept) {
      for (let k = 0; k < vocab; k++) {
        const y = logProbs[t * vocab + k]!;
        const longer = key === "" ? `${k}` : `${key} ${k}`;
        const both = logAddExp(blankEnd!, labelEnd!) + y;
        if (k === blank) add(key, 0, both);
        else if (key.split(" ").at(-1) === `${k}`) {
          add(key, 1, labelEnd! + y);
          if (blankEnd! > -Infinity) add(longer, 1, blankEnd! + y);
        } else add(longer, 1, both);
      }
    }
    const ranked = [...following].sort(([, a], [, b]) => logAddExp(b[0]!, b[1]!) - logAddExp(a[0]!, a[1]!));
    kept = new Map(ranked.slice(0, beam));
  }
  return [...kept].map(([key, [a, b]]) => [key, logAddExp(a!, b!)]);
}

describe("prefixBeamSearch", () => {
  test.each([0, 2])("a beam that holds every prefix gives the sum over all paths, blank %i", (blank) => {
    const logProbs = draw(5, 3, 1);
    const exact = sumOverAllPaths(logProbs, 5, 3, blank);
    const found = prefixBeamSearch(logProbs, 3, { beam: 1000, blank });
    expect(found.length).toBe(exact.size);
    for (const { labels, score } of found) expect(score).toBeCloseTo(exact.get(labels.join(" "))!, 9);
    expect(found.map(({ score }) => score)).toEqual(found.map(({ score }) => score).sort((a, b) => b - a));
  });

  // Narrow beams make prefixes leave and come back while their descendants stay.
  test("agrees with the plain search where the beam is narrow", () => {
    for (let seed = 0; seed < 60; seed++) {
      const [vocab, beam] = [3 + (seed % 4), 1 + (seed % 7)];
      const logProbs = draw(25, vocab, seed);
      const found = prefixBeamSearch(logProbs, vocab, { beam });
      const plain = plainSearch(logProbs, vocab, beam, 0);
      expect(spelled(found)).toEqual(plain.map(([key]) => key));
      found.forEach(({ score }, i) => expect(score).toBeCloseTo(plain[i]![1], 9));
    }
  });

  test("can find what the best path misses", () => {
    // Path probabilities: blank blank 0.36 is the best path, but 1 has 0.24 + 0.24 + 0.16 = 0.64.
    const logProbs = Float32Array.of(0.6, 0.4, 0.6, 0.4).map(Math.log);
    expect(greedySearch(logProbs, 2).labels).toEqual(new Int32Array());
    const [best] = prefixBeamSearch(logProbs, 2, { beam: 2 });
    expect(best!.labels).toEqual(Int32Array.of(1));
    expect(Math.exp(best!.score)).toBeCloseTo(0.64, 6);
  });

  test("keeps no class that pruning left out", () => {
    const logProbs = Float32Array.of(0.5, 0.3, 0.2, 0.1, 0.6, 0.3).map(Math.log);
    const found = prefixBeamSearch(logProbs, 3, { beam: 10, classesPerFrame: 1 });
    expect(spelled(found.filter(({ score }) => score > -Infinity))).toEqual(["1"]);
    expect(Math.exp(found[0]!.score)).toBeCloseTo(0.3, 6);
  });

  test("no frames give the empty prefix", () => {
    expect(prefixBeamSearch(new Float32Array(), 5, { beam: 3 })).toEqual([
      { labels: new Int32Array(), score: 0, lm: 0, total: 0 },
    ]);
  });

  test("refuses settings that make no sense", () => {
    const logProbs = draw(2, 3, 0);
    expect(() => prefixBeamSearch(logProbs, 3, { beam: 0 })).toThrow(
      "prefixBeamSearch: beam is 0, expected a positive integer",
    );
    expect(() => prefixBeamSearch(logProbs, 3, { beam: 2, classesPerFrame: 1.5 })).toThrow("classesPerFrame is 1.5");
    expect(() => prefixBeamSearch(logProbs, 3, { beam: 2, blank: 3 })).toThrow(
      "blank is 3, expected a class from 0 to 2",
    );
    expect(() => prefixBeamSearch(logProbs, 4, { beam: 2 })).toThrow(
      "logProbs has 6 values, expected whole frames of 4 classes",
    );
  });
});

describe("greedySearch", () => {
  test("merges neighbours before it drops blanks", () => {
    const path = [0, 1, 1, 0, 1, 2, 2, 0];
    const logProbs = Float32Array.from(path.flatMap((best) => [0, 1, 2].map((k) => (k === best ? -0.1 : -3))));
    const { labels, score } = greedySearch(logProbs, 3);
    expect(labels).toEqual(Int32Array.of(1, 1, 2));
    expect(score).toBeCloseTo(-0.8, 6);
    expect(greedySearch(logProbs, 3, { blank: 2 }).labels).toEqual(Int32Array.of(0, 1, 0, 1, 0));
  });
});

describe("batches", () => {
  const lengths = [4, 0, 6];
  const logProbs = Float32Array.of(...[1, 2, 3].flatMap((seed) => [...draw(6, 5, seed)]));
  logProbs.fill(NaN, 4 * 5, 2 * 6 * 5); // padding of the first two utterances

  test("an utterance gives the same alone and among others with padding", () => {
    const alone = [draw(6, 5, 1).subarray(0, 4 * 5), new Float32Array(), draw(6, 5, 3)];
    expect(greedySearchBatch(logProbs, [3, 6, 5], lengths)).toEqual(alone.map((x) => greedySearch(x, 5)));
    expect(prefixBeamSearchBatch(logProbs, [3, 6, 5], lengths, { beam: 4 })).toEqual(
      alone.map((x) => prefixBeamSearch(x, 5, { beam: 4 })),
    );
  });

  test("refuses sizes and lengths that do not fit", () => {
    expect(() => greedySearchBatch(logProbs, [3, 6, 4], lengths)).toThrow(
      "logProbs has 90 values, expected 72 for [3, 6, 4]",
    );
    expect(() => greedySearchBatch(logProbs, [3, 6, 5], [4, 0])).toThrow("2 lengths, expected 3");
    expect(() => prefixBeamSearchBatch(logProbs, [3, 6, 5], [4, 0, 7], { beam: 2 })).toThrow(
      "lengths[2] is 7, expected 0 to 6",
    );
  });
});
