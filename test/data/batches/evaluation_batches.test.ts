import { expect, test } from "vitest";
import { evaluationBatches } from "../../../data/batches/evaluation_batches.ts";

const frames = [5, 9, 5, 7, 9, 5, 9];

test("batches are of similar length, the longest first, equals in their order", () => {
  expect(evaluationBatches(frames, 3, { paddingMatters: false })).toEqual([[1, 4, 6], [3, 0, 2], [5]]);
  expect(evaluationBatches(frames, 16, { paddingMatters: false })).toEqual([[1, 4, 6, 3, 0, 2, 5]]);
});

test("where padding matters, only utterances of one length share a batch", () => {
  expect(evaluationBatches(frames, 2, { paddingMatters: true })).toEqual([[1, 4], [6], [3], [0, 2], [5]]);
  expect(evaluationBatches([], 2, { paddingMatters: true })).toEqual([]);
});
