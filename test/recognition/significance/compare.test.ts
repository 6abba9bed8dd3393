import { describe, expect, it } from "vitest";
import { UserError } from "../../../engine/errors.ts";
import { pairedBootstrap } from "../../../recognition/significance/bootstrap.ts";
import { compareDepths, utteranceErrors, pairDepths } from "../../../recognition/significance/compare.ts";
import { comparisonTable } from "../../../recognition/significance/compare_table.ts";
import type { Mapsswe } from "../../../recognition/significance/mapsswe.ts";
import { mapssweTable } from "../../../recognition/significance/mapsswe_table.ts";
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

const NONE = { segments: 0, mean: 0, standardDeviation: 0, z: 0, p: 1 };

describe("compareDepths", () => {
  it("resamples the word errors of each utterance", () => {
    expect(utteranceErrors(a)).toEqual([1, 0, 3, 2].map((errors) => ({ errors, words: 3 })));
    const [comparison] = compareDepths([a], [b], { resamples: 200 });
    expect(comparison).toEqual({
      depthA: 2,
      depthB: 6,
      ...pairedBootstrap(utteranceErrors(a), utteranceErrors(b), { resamples: 200 }),
      mapsswe: expect.anything(),
    });
    expect([comparison!.a.value, comparison!.b.value]).toEqual([6 / 12, 2 / 12]);
  });

  it("tests the same words by MAPSSWE, aligned as sclite does", () => {
    const [comparison] = compareDepths([a], [b], { resamples: 200 });
    // Errors of A less those of B: 1 - 0, 0 - 1, 3 - 1, and 2 - 0: a deletion, a word, an insertion, a word.
    const found = comparison!.mapsswe;
    expect(found).toMatchObject({ segments: 4, mean: 1, standardDeviation: Math.sqrt((0 + 2 ** 2 + 1 + 1) / 3) });
    expect(found.z).toBeCloseTo(1 / (found.standardDeviation / Math.sqrt(4)), 12);
    const swapped = compareDepths([score(2, "three one two")], [score(6, "one two three")], { resamples: 200 });
    expect(swapped[0]!.mapsswe).toMatchObject({ segments: 2, mean: 1 }); // with the fewest errors, one segment of three
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
        mapsswe: NONE,
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

describe("mapssweTable", () => {
  const lines = (...tests: Mapsswe[]): string[][] =>
    mapssweTable(tests.map((mapsswe, i) => ({ depthA: 2, depthB: 4 + i, mapsswe })))
      .split("\n")
      .map((line) => line.trim().split(/ {2,}/u));

  it("prints what sc_stats prints, a line a pair", () => {
    const found = lines({ segments: 54, mean: -0.35185, standardDeviation: 1.06678, z: -2.42372, p: 0.01552 }, NONE);
    expect(found[0]).toEqual(["depth A", "depth B", "segments", "A - B", "std dev", "MAPSSWE Z", "p-value"]);
    expect(found.slice(2)).toEqual([
      ["2", "4", "54", "-0.352", "1.067", "-2.424", "0.016"],
      ["2", "5", "0", "0.000", "0.000", "0.000", "1.000"],
    ]);
  });

  it("says that a p-value is below what it can show", () => {
    const [, , one, other] = lines({ ...NONE, p: 0.00099 }, { ...NONE, p: 0.00101 });
    expect([one!.at(-1), other!.at(-1)]).toEqual(["<0.001", "0.001"]);
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
