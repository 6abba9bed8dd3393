import { describe, expect, it } from "vitest";
import { UserError } from "../../../engine/errors.ts";
import { pairedBootstrap } from "../../../recognition/significance/bootstrap.ts";
import { compareDepths, utteranceErrors, pairDepths } from "../../../recognition/significance/compare.ts";
import { comparisonTable } from "../../../recognition/significance/compare_table.ts";
import { align, cutText, noErrors } from "../../../recognition/evaluation/error_rate.ts";
import type { DepthScore } from "../../../recognition/evaluation/evaluate.ts";

/** A depth that heard these texts where "one two three" was said. */
const score = (depth: number, ...heard: string[]): DepthScore => ({
  depth,
  words: noErrors(),
  characters: noErrors(),
  wer: 0,
  cer: 0,
  blankRatio: 0,
  realTimeFactor: null,
  utterances: heard.map((hypothesis, i) => ({
    id: `u${i}`,
    reference: "one two three",
    hypothesis,
    alignment: align(cutText("one two three", "word"), cutText(hypothesis, "word")),
  })),
});
const a = score(2, "one two", "one two three", "four", "two three three");
const b = score(6, "one two three", "one three", "one two", "one two three");

describe("compareDepths", () => {
  it("resamples the word errors of each utterance", () => {
    expect(utteranceErrors(a)).toEqual([1, 0, 3, 2].map((errors) => ({ errors, words: 3 })));
    const [comparison] = compareDepths([a], [b], { resamples: 200 });
    expect(comparison).toEqual({
      depthA: 2,
      depthB: 6,
      ...pairedBootstrap(utteranceErrors(a), utteranceErrors(b), { resamples: 200 }),
    });
    expect([comparison!.a.value, comparison!.b.value]).toEqual([6 / 12, 2 / 12]);
  });

  it("refuses what was not scored on the same utterances", () => {
    const shorter = { ...b, utterances: b.utterances.filter(({ id }) => id !== "u1") };
    expect(() => compareDepths([a], [shorter])).toThrow(UserError);
    expect(() => compareDepths([a], [shorter])).toThrow("the audio of u1 is long enough for one of them only");
    expect(() => compareDepths([shorter], [a])).toThrow("the audio of u1 is long enough for one of them only");
  });

  it("as a table: a line a pair, rates with their intervals", () => {
    const interval = (value: number) => ({ value, low: value - 0.01, high: value + 0.02 });
    const text = comparisonTable([
      {
        depthA: 2,
        depthB: 6,
        a: interval(0.5),
        b: interval(0.25),
        difference: interval(-0.25),
        improvement: 0.9985,
        pValue: 0.0031,
        resamples: 1000,
      },
    ]);
    expect(text.split("\n")).toHaveLength(3);
    expect(text.split("\n")[2]!.trim().split(/ {2,}/u)).toEqual([
      "2",
      "6",
      "50.00 % [49.00, 52.00]",
      "25.00 % [24.00, 27.00]",
      "-25.00 % [-26.00, -23.00]",
      "99.9 %",
      "0.0031",
    ]);
  });
});

describe("pairDepths", () => {
  it.each([
    [{}, { a: [2, 6], b: [2, 6] }],
    [{ depths: [3, 5] }, { a: [3, 5], b: [3, 5] }],
    [{ depthB: 2 }, { a: [6], b: [2] }],
    [{ depthA: 4 }, { a: [4], b: [9] }],
    [
      { depthA: 4, depthB: 5 },
      { a: [4], b: [5] },
    ],
  ])("of %j", (choice, pairs) => {
    expect(pairDepths([2, 4, 6], [2, 6, 9], choice)).toEqual(pairs);
  });

  it("refuses depths that contradict each other or that there are not", () => {
    expect(() => pairDepths([2], [2], { depths: [2], depthA: 2 })).toThrow(
      "--depths cannot be given together with --depth-a or --depth-b",
    );
    expect(() => pairDepths([2, 4], [3], {})).toThrow(
      "the checkpoints have no depth in common (2, 4 and 3); choose one of each with --depth-a and --depth-b",
    );
  });
});
