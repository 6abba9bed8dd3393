import { expect, it } from "vitest";
import { UserError } from "../../../engine/errors.ts";
import { pairedBootstrap } from "../../../recognition/significance/bootstrap.ts";
import type { Experiment, Row } from "../../../train/experiment/config.ts";
import { summaryFigure } from "../../../train/experiment/figure.ts";
import type { RunResult } from "../../../train/experiment/results.ts";
import { summarise } from "../../../train/experiment/summary.ts";
import { oneSampleT } from "../../../train/experiment/student_t.ts";
import { summaryMarkdown } from "../../../train/experiment/tables.ts";

const row = (name: string, group = name): Row => ({
  name,
  title: `row ${name}`,
  group,
  groupTitle: `series ${group}`,
  seeds: 2,
  overrides: [],
});
const EXPERIMENT: Experiment = {
  file: "e.yaml",
  base: "b.yaml",
  rows: [row("alone-2", "alone"), row("alone-6", "alone"), row("method")],
  compare: [["method", "alone"]],
  corpus: undefined,
  rounds: 1,
};
const WORDS = [4, 3, 5, 2, 4, 2];

/** A run with these errors of six utterances at each depth, on two test sets. */
function result(name: string, seed: number, errors: Record<string, number[]>, words = WORDS): RunResult {
  const set = { ids: words.map((_, i) => `u${i}`), words, errors, cer: {} };
  return {
    format: "unfold-experiment-result/1",
    row: name,
    seed,
    config: {},
    trainingSet: "abc",
    parameters: { whole: 5000, encoder: 4000 },
    checkpointBytes: 20_480,
    steps: 100,
    epochs: 8,
    seconds: 60,
    depths: Object.keys(errors).map((depth) => ({
      depth: Number(depth),
      parameters: { whole: 1000 * Number(depth), encoder: 900 },
    })),
    sets: { test: set, other: set },
  };
}

const RESULTS = [
  result("alone-2", 1, { 2: [1, 0, 2, 0, 1, 0] }),
  result("alone-2", 2, { 2: [0, 0, 2, 0, 0, 0] }),
  result("alone-6", 1, { 6: [0, 0, 1, 0, 0, 0] }),
  result("method", 1, { 2: [1, 1, 3, 1, 1, 0], 6: [0, 0, 0, 0, 0, 0] }),
  result("method", 2, { 2: [1, 0, 1, 1, 2, 0], 6: [0, 0, 1, 0, 0, 0] }),
];

it("rates are means over seeds, with their spread; comparisons are of the same seeds, depths and utterances", () => {
  const { lines, comparisons } = summarise(EXPERIMENT, "out", RESULTS, undefined);
  const errors = lines.map(({ row: name, depth, seeds, errors: [test] }) => ({ name, depth, seeds, ...test! }));
  expect(errors.map(({ name, depth, seeds }) => [name, depth, seeds])).toEqual([
    ["alone-2", 2, [1, 2]],
    ["alone-6", 6, [1]],
    ["method", 2, [1, 2]],
    ["method", 6, [1, 2]],
  ]);
  expect(errors.map(({ wer }) => wer.value)).toEqual([6 / 40, 1 / 20, 12 / 40, 1 / 40]);
  expect(errors[0]).toMatchObject({ bySeed: [4 / 20, 2 / 20], words: 20 });
  expect(errors[0]!.deviation).toBeCloseTo(0.1 / Math.SQRT2, 12);
  expect(errors[1]!.deviation).toBeNull();
  for (const { wer } of errors) expect(wer.low <= wer.value && wer.value <= wer.high).toBe(true);

  expect(comparisons.map(({ a, b, depth, set, seeds }) => [a, b, depth, set, seeds])).toEqual([
    ["method", "alone-2", 2, "test", [1, 2]],
    ["method", "alone-2", 2, "other", [1, 2]],
    ["method", "alone-6", 6, "test", [1]],
    ["method", "alone-6", 6, "other", [1]],
  ]);
  const [two, , six] = comparisons;
  expect(two!.difference.value).toBeCloseTo(6 / 40, 12);
  expect(six!.difference.value).toBeCloseTo(-1 / 20, 12);
  expect(two!.bySeed.map((difference) => difference * 20)).toEqual([3, 3].map((words) => expect.closeTo(words, 10)));
  expect([two!.pSeeds, six!.pSeeds]).toEqual([oneSampleT(two!.bySeed), null]);
  expect(six!.bySeed).toEqual([expect.closeTo(-1 / 20, 12)]);
  const twice = (counts: number[]) => counts.map((count, i) => ({ errors: count, words: 2 * WORDS[i]! }));
  const direct = pairedBootstrap(twice([1, 0, 4, 0, 1, 0]), twice([2, 1, 4, 2, 3, 0]));
  expect([two!.difference, two!.pValue]).toEqual([direct.difference, direct.pValue]);
});

it("as Markdown and as a figure: what is not measured is a dash, both test sets, one colour a series", () => {
  const summary = summarise(EXPERIMENT, "out", RESULTS, undefined);
  const table = summaryMarkdown(summary);
  expect(table).toContain("8 epochs, 100 steps. Words of the test sets: test 20, other 20.");
  expect(table).toMatch(
    /^\| row alone-2 \| 2 \| 2 \| 15\.00 % \[[\d.]+, [\d.]+\] \| 10\.00 to 20\.00 \(7\.07\) \| 15\.00 % .+ \| 2\.00 k \| 900 \| 20\.0 KiB \| - \| - \| - \| - \| - \| - \|$/mu,
  );
  expect(table).toMatch(
    /^\| method - alone-6 \| 6 \| test \| 1 \| -5\.00 \[-?[\d.]+, -?[\d.]+\] \| - \| [\d.]+ \| - \|$/mu,
  );
  expect(table).toMatch(
    /^\| method - alone-2 \| 2 \| test \| 2 \| \+15\.00 \[\+[\d.]+, \+[\d.]+\] \| \+15\.00 to \+15\.00 \| [\d.]+ \| < 0\.001 \|$/mu,
  );
  const columns = table
    .split("\n")
    .filter((line) => line.startsWith("| row"))
    .map((line) => line.split("|").length);
  expect(new Set(columns).size).toBe(1);

  const figure = summaryFigure(summary);
  expect(figure.match(/series (alone|method)/gu)).toEqual(["series alone", "series method"]);
  expect(figure.match(/WER on (test|other), %/gu)).toHaveLength(4);
  expect(figure.match(/aria-label="dot"/gu)).toHaveLength(4);
  const apart = [
    result("alone-2", 1, { 2: [4, 3, 5, 2, 4, 2] }),
    result("method", 1, { 2: [1, 0, 0, 0, 0, 0], 6: [0, 0, 0, 0, 0, 0] }),
  ];
  const logarithmic = summaryFigure(summarise(EXPERIMENT, "out", apart, undefined));
  for (const rate of [5, 10, 20, 50, 100]) expect(logarithmic).toContain(`>${rate}</text>`);
  expect(figure).not.toContain(">50</text>");
  expect(summaryMarkdown(summarise(EXPERIMENT, "out", [], undefined))).toBe("No row is finished yet.\n");
});

it("a result of other utterances is refused, by the name of its file", () => {
  const other = result("method", 3, { 2: [0, 0, 0, 0, 0, 0], 6: [0, 0, 0, 0, 0, 0] }, [4, 3, 5, 2, 4, 3]);
  expect(() => summarise(EXPERIMENT, "out", [...RESULTS, other], undefined)).toThrow(
    new UserError(
      "out/results/method-seed3.json: was trained or tested on other utterances than alone-2-seed1, so they cannot be compared; delete it to train the run again",
    ),
  );
});

it("a result that lacks a depth is refused rather than taken for one without errors; runs of other lengths are said to be", () => {
  const shallow = { ...result("method", 2, { 2: [1, 0, 1, 1, 2, 0] }), steps: 60, epochs: 5 };
  const results = RESULTS.with(4, shallow);
  expect(() => summarise(EXPERIMENT, "out", results, undefined)).toThrow(
    new UserError(
      "the result of method-seed2 lacks errors at depth 6 on test; delete its file in results/ to train the run again",
    ),
  );
  const stopped = RESULTS.map((run) => (run.row === "alone-6" ? { ...run, steps: 60, epochs: 5 } : run));
  expect(summaryMarkdown(summarise(EXPERIMENT, "out", stopped, undefined))).toContain(
    "Every run: 5 to 8 epochs, 60 to 100 steps. Words",
  );
});
