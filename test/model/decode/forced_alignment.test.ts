import { describe, expect, it } from "vitest";
import { uniform } from "../../../engine/random.ts";
import { forcedAlignment } from "../../../model/decode/forced_alignment.ts";
import { greedySearch } from "../../../model/decode/greedy.ts";
import { draw } from "./random_log_probs.ts";

/** The best of all paths there are that collapse to the labels: score, and the class of each frame. */
function bestOfAllPaths(
  logProbs: Float32Array,
  vocab: number,
  labels: readonly number[],
  blank: number,
): { score: number; path: number[] } {
  const frames = logProbs.length / vocab;
  let best = { score: -Infinity, path: [] as number[] };
  for (let number = 0; number < vocab ** frames; number++) {
    const path = Array.from({ length: frames }, (_, t) => Math.floor(number / vocab ** t) % vocab);
    if (path.filter((k, t) => k !== blank && k !== path[t - 1]).join() !== labels.join()) continue;
    const score = path.reduce((sum, k, t) => sum + logProbs[t * vocab + k]!, 0);
    if (score > best.score) best = { score, path };
  }
  return best;
}

describe("forcedAlignment", () => {
  it.each([
    [[1], 0],
    [[1, 2], 0],
    [[1, 1], 0],
    [[2, 2, 1], 0],
    [[1, 2, 1, 2], 0],
    [[], 0],
    [[0, 1, 1], 2],
  ])("of %j is the best of all paths (blank %i)", (labels, blank) => {
    for (let seed = 0; seed < 10; seed++) {
      const logProbs = draw(7, 3, seed);
      const exact = bestOfAllPaths(logProbs, 3, labels, blank);
      const found = forcedAlignment(logProbs, 3, labels, { blank })!;
      expect(found.score).toBeCloseTo(exact.score, 9);
      const path = new Array<number>(7).fill(blank);
      for (const { label, from, to } of found.spans) path.fill(label, from, to);
      expect(path).toEqual(exact.path);
      for (const { label, from, to, posteriors } of found.spans) {
        const sum = exact.path
          .slice(from, to)
          .reduce((total, _, i) => total + Math.exp(logProbs[(from + i) * 3 + label]!), 0);
        expect(posteriors).toBeCloseTo(sum, 9);
      }
    }
  });

  it("of the greedy labels is the greedy path", () => {
    const logProbs = draw(40, 6, 3);
    const greedy = greedySearch(logProbs, 6);
    const found = forcedAlignment(logProbs, 6, greedy.labels)!;
    expect(found.score).toBeCloseTo(greedy.score, 6);
    for (const { label, from, to } of found.spans) {
      for (let t = from; t < to; t++)
        expect(Math.max(...logProbs.subarray(t * 6, (t + 1) * 6))).toBe(logProbs[t * 6 + label]);
    }
  });

  it("finds a long text again that was written into the posteriors", () => {
    const labels = Array.from({ length: 120 }, (_, i) => 1 + Math.floor(uniform(1, i) * 4));
    const path = labels.flatMap((label, i) => [...new Array<number>(1 + (i % 3)).fill(label), 0]);
    const logProbs = Float32Array.from(
      path.flatMap((label) => [0, 1, 2, 3, 4].map((k) => Math.log(k === label ? 0.8 : 0.05))),
    );
    const { spans } = forcedAlignment(logProbs, 5, labels)!;
    let frame = 0;
    for (const [i, { from, to, posteriors }] of spans.entries()) {
      expect([from, to]).toEqual([frame, frame + 1 + (i % 3)]);
      expect(posteriors / (to - from)).toBeCloseTo(0.8, 6);
      frame = to + 1;
    }
  });

  it("in a window is the same, where the best path stays within it", () => {
    const labels = Array.from({ length: 60 }, (_, i) => 1 + Math.floor(uniform(1, i) * 4));
    const path = labels.flatMap((label, i) => [
      ...new Array<number>(1 + (i % 3)).fill(label),
      ...new Array<number>(1 + (i % 20)).fill(0),
    ]);
    const logProbs = Float32Array.from(
      path.flatMap((label) => [0, 1, 2, 3, 4].map((k) => Math.log(k === label ? 0.8 : 0.05))),
    );
    const exact = forcedAlignment(logProbs, 5, labels)!;
    for (const window of [5, 16, 40, 121, 1000])
      expect(forcedAlignment(logProbs, 5, labels, { window })).toEqual(exact);
    const noise = draw(30, 3, 5);
    const { labels: greedy } = greedySearch(noise, 3);
    expect(forcedAlignment(noise, 3, greedy, { window: 6 })).toEqual(forcedAlignment(noise, 3, greedy));
    // Of two states no path that goes on is found, where the best one stays long.
    expect(forcedAlignment(draw(8, 3, 1), 3, [1, 2, 1, 2, 1, 2], { window: 2 })).toBeNull();
  });

  it("is null where no path spells the labels", () => {
    expect(forcedAlignment(draw(2, 3, 1), 3, [1, 2, 1])).toBeNull();
    expect(forcedAlignment(draw(2, 3, 1), 3, [1, 1])).toBeNull(); // a blank has to be between them
    expect(forcedAlignment(draw(3, 3, 1), 3, [1, 1])).not.toBeNull();
    expect(forcedAlignment(new Float32Array(), 3, [1])).toBeNull();
    expect(forcedAlignment(new Float32Array(), 3, [])).toEqual({ spans: [], score: 0 });
    expect(forcedAlignment(Float32Array.of(0, -Infinity, 0, -Infinity), 2, [1])).toBeNull(); // of probability 0
  });

  it("refuses labels that are no classes", () => {
    expect(() => forcedAlignment(draw(4, 3, 1), 3, [1, 3])).toThrow(
      "forcedAlignment: labels[1] is 3, expected a class from 0 to 2 other than the blank, 0",
    );
    expect(() => forcedAlignment(draw(4, 3, 1), 3, [0])).toThrow("labels[0] is 0");
  });
});
