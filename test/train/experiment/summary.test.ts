import { expect, it } from "vitest";
import { UserError } from "../../../engine/errors.ts";
import { holm } from "../../../recognition/significance/holm.ts";
import { mapsswe } from "../../../recognition/significance/mapsswe.ts";
import { pairedBootstrap } from "../../../recognition/significance/bootstrap.ts";
import type { Experiment, Row } from "../../../train/experiment/config.ts";
import { summaryFigure } from "../../../train/experiment/figure.ts";
import { scliteAlignments } from "../../../train/experiment/errors_of.ts";
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
  baseline: { row: "alone-6", depth: 6 },
  paths: "all",
  rounds: 1,
};
const WORDS = [4, 3, 5, 2, 4, 2];

/** A run with these errors of six utterances at each depth, on two test sets. */
function result(name: string, seed: number, errors: Record<string, number[]>, words = WORDS): RunResult {
  const text = (count: number, word: string): string[] => Array.from({ length: count }, () => word);
  const set = {
    ids: words.map((_, i) => `u${i}`),
    references: words.map((count) => text(count, "one").join(" ")),
    hypotheses: Object.fromEntries(
      Object.entries(errors).map(([depth, wrong]) => [
        depth,
        wrong.map((count, i) => [...text(count, "two"), ...text(words[i]! - count, "one")].join(" ")),
      ]),
    ),
    cer: {},
    spreads: {},
  };
  return {
    format: "unfold-experiment-result/2",
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
      trained: true,
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

it("every line against the baseline: MAPSSWE over the seeds that both have, corrected on each set by Holm's method", () => {
  const results = [...RESULTS, result("alone-6", 2, { 6: [1, 0, 0, 1, 0, 0] })];
  const { baseline } = summarise(EXPERIMENT, "out", results, undefined);
  expect(baseline).toMatchObject({ row: "alone-6", depth: 6 });
  const tests = baseline!.tests.filter(({ set }) => set === "other");
  expect(tests.map(({ row: name, depth, seeds }) => [name, depth, seeds])).toEqual([
    ["alone-2", 2, [1, 2]],
    ["method", 2, [1, 2]],
    ["method", 6, [1, 2]],
  ]);
  expect(tests.map(({ difference }) => difference)).toEqual(
    [3 / 40, 9 / 40, -2 / 40].map((difference) => expect.closeTo(difference, 12)),
  );
  const errorsAt = (run: RunResult, depth: number) => scliteAlignments(run, "test", depth);
  const [base1, base2] = [RESULTS[2]!, results.at(-1)!];
  const [, method] = tests;
  expect(method!.bySeed).toEqual([
    mapsswe(errorsAt(RESULTS[3]!, 2), errorsAt(base1, 6)),
    mapsswe(errorsAt(RESULTS[4]!, 2), errorsAt(base2, 6)),
  ]);
  expect(method!.mapsswe).toEqual(
    mapsswe([...errorsAt(RESULTS[3]!, 2), ...errorsAt(RESULTS[4]!, 2)], [...errorsAt(base1, 6), ...errorsAt(base2, 6)]),
  );
  expect(method!.mapsswe.segments).toBeGreaterThan(6);
  expect(tests.map(({ pHolm }) => pHolm)).toEqual(holm(tests.map((test) => test.mapsswe.p)));
  expect(summaryMarkdown(summarise(EXPERIMENT, "out", results, undefined))).toMatch(
    /^\| row method \| 6 \| other \| 2 \| -5\.00\* \| \d+ \| -?[\d.]+ \| [\d.]+ \| [\d.]+ \| [\d.]+ to [\d.]+ \|$/mu,
  );
});

it("depths that a row of a group was not trained at stand alone; spreads over paths are means of the seeds'", () => {
  const cut = result("alone-6", 1, { 2: [4, 3, 5, 2, 4, 2], 6: [0, 0, 1, 0, 0, 0] });
  cut.depths[0]!.trained = false;
  const spread = (...rates: number[]) => ({
    6: { paths: rates.map((wer, i) => ({ schedule: [0, i], wer })) },
  });
  const spreadOut = (run: RunResult, ...rates: number[]): RunResult => ({
    ...run,
    sets: { ...run.sets, test: { ...run.sets["test"]!, spreads: spread(...rates) } },
  });
  const results = RESULTS.with(2, cut)
    .with(3, spreadOut(RESULTS[3]!, 0.1, 0.2, 0.6))
    .with(4, spreadOut(RESULTS[4]!, 0.3, 0.3, 0.3));
  const { lines, comparisons, spreads } = summarise(EXPERIMENT, "out", results, undefined);
  expect(lines.filter((line) => line.row === "alone-6").map(({ depth, group }) => [depth, group])).toEqual([
    [2, "alone-6"],
    [6, "alone"],
  ]);
  expect(comparisons.map(({ b, depth }) => [b, depth])).toContainEqual(["alone-2", 2]);
  expect(comparisons.map(({ b, depth }) => [b, depth])).not.toContainEqual(["alone-6", 2]);
  const deviation = Math.sqrt((0.2 ** 2 + 0.1 ** 2 + 0.3 ** 2) / 2) / 2;
  expect(spreads).toEqual([
    {
      row: "method",
      depth: 6,
      set: "test",
      seeds: [1, 2],
      paths: 3,
      mean: expect.closeTo(0.3, 12) as number,
      median: expect.closeTo(0.25, 12) as number,
      deviation: expect.closeTo(deviation, 12) as number,
      lowest: expect.closeTo(0.2, 12) as number,
      highest: expect.closeTo(0.45, 12) as number,
    },
  ]);
  expect(summaryFigure(summarise(EXPERIMENT, "out", results, undefined))).toContain('aria-label="area"');
  expect(summaryMarkdown(summarise(EXPERIMENT, "out", results, undefined))).toContain(
    "| row method | 6 | test | 2 | 3 | 30.00 | 25.00 | 13.23 | 20.00 to 45.00 |",
  );
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
    .split("\n\n")[1]!
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
      "the result of method-seed2 lacks texts at depth 6 on test; delete its file in results/ to train the run again",
    ),
  );
  const stopped = RESULTS.map((run) => (run.row === "alone-6" ? { ...run, steps: 60, epochs: 5 } : run));
  expect(summaryMarkdown(summarise(EXPERIMENT, "out", stopped, undefined))).toContain(
    "Every run: 5 to 8 epochs, 60 to 100 steps. Words",
  );
});
