import { expect, test } from "vitest";
import { padBatch } from "../../../data/batches/batch.ts";

test("pads features and targets to the longest", () => {
  const batch = padBatch(
    [
      { features: Float32Array.of(1, 2, 3, 4), frames: 2, labels: Int32Array.of(5) },
      { features: Float32Array.of(6, 7, 8, 9, 10, 11), frames: 3, labels: Int32Array.of(1, 2, 3) },
      { features: Float32Array.of(12, 13), frames: 1, labels: new Int32Array() },
    ],
    2,
  );
  expect(batch).toEqual({
    size: 3,
    frames: 3,
    bins: 2,
    maxLabels: 3,
    features: Float32Array.of(1, 2, 3, 4, 0, 0, 6, 7, 8, 9, 10, 11, 12, 13, 0, 0, 0, 0),
    lengths: Int32Array.of(2, 3, 1),
    targets: Int32Array.of(5, 0, 0, 1, 2, 3, 0, 0, 0),
    targetLengths: Int32Array.of(1, 3, 0),
  });
});

test("targets without any label still have a column", () => {
  const { maxLabels, targets } = padBatch([{ features: Float32Array.of(1), frames: 1, labels: new Int32Array() }], 1);
  expect([maxLabels, targets]).toEqual([1, Int32Array.of(0)]);
});

test("refuses no utterances, and features of another size", () => {
  expect(() => padBatch([], 2)).toThrow("padBatch: no utterances");
  expect(() => padBatch([{ features: new Float32Array(5), frames: 2, labels: new Int32Array() }], 2)).toThrow(
    "features of item 0 have 5 values, expected [2, 2]",
  );
});
