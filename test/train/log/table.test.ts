import { expect, test } from "vitest";
import type { ResultRecord, ResultRow } from "../../../train/log/log.ts";
import { resultsMarkdown, resultsTable, resultTable } from "../../../train/log/table.ts";

const row = (depth: number, wer: number, more: Partial<ResultRow> = {}): ResultRow => ({
  depth,
  wer,
  cer: wer / 2,
  substitutions: 1012,
  deletions: 3,
  insertions: 1,
  words: 2500,
  parameters: 452876,
  realTimeFactor: 0.0123,
  ...more,
});
const results: ResultRecord[] = [
  { type: "result", set: "test", rows: [row(2, 0.1), row(10, 0.0515)] },
  { type: "result", set: "test_unseen", rows: [row(2, 0.3)] },
];

test("terminal: aligned columns, a rule before each set", () => {
  expect(`\n${resultsTable(results)}\n`).toBe(`
 set          depth      WER      CER    sub  del  ins  words  parameters  real-time factor
────────────────────────────────────────────────────────────────────────────────────────────
 test             2  10.00 %   5.00 %  1,012    3    1  2,500       453 k             0.012
                 10   5.15 %   2.57 %  1,012    3    1  2,500       453 k             0.012
────────────────────────────────────────────────────────────────────────────────────────────
 test_unseen      2  30.00 %  15.00 %  1,012    3    1  2,500       453 k             0.012
`);
});

test("a table of one set", () => {
  expect(resultTable("dev", [row(4, 0.2)]).split("\n")).toHaveLength(3);
});

test("Markdown", () => {
  expect(resultsMarkdown(results).split("\n").slice(0, 3)).toEqual([
    "| set | depth | WER | CER | sub | del | ins | words | parameters | real-time factor |",
    "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
    "| test | 2 | 10.00 % | 5.00 % | 1,012 | 3 | 1 | 2,500 | 453 k | 0.012 |",
  ]);
});

test("against an individually built model: both shares that sharing saves", () => {
  const shared = row(12, 0.05, {
    parameters: 44_500_000,
    encoderParameters: 30_000_000,
    untied: { whole: 69_100_000, encoder: 60_000_000 },
  });
  const lines = resultsMarkdown([{ type: "result", set: "test", rows: [shared] }]).split("\n");
  expect(lines[0]).toContain("| parameters | built alone | saved: model | encoder |");
  expect(lines[2]).toContain("| 44.5 M | 69.1 M | 35.6 % | 50.0 % |");
});
