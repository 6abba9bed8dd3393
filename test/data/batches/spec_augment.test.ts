import { describe, expect, test } from "vitest";
import { specAugment, type SpecAugmentConfig } from "../../../data/batches/spec_augment.ts";

const [frames, bins] = [60, 20];
const none: SpecAugmentConfig = {
  freqMasks: 0,
  freqWidth: 0,
  timeMasks: 0,
  timeWidth: 0,
  maxTimeRatio: 1,
  timeMaskRatio: 0,
};

function masked(change: Partial<SpecAugmentConfig>, key: number[], length = frames): Float32Array {
  const features = new Float32Array(length * bins).fill(1);
  specAugment(features, bins, { ...none, ...change }, key);
  return features;
}

const hiddenFrames = (x: Float32Array) =>
  Array.from({ length: x.length / bins }, (_, t) => t).filter((t) =>
    x.subarray(t * bins, (t + 1) * bins).every((v) => v === 0),
  );
const hiddenBins = (x: Float32Array) =>
  Array.from({ length: bins }, (_, k) => k).filter((k) => x.every((v, i) => i % bins !== k || v === 0));
const isSpan = (indices: number[]) => indices.every((value, i) => value === indices[0]! + i);
const keys = Array.from({ length: 400 }, (_, i) => [3, 0, i]);

test("hides nothing when there are no masks", () => {
  expect(masked({}, [1])).toEqual(new Float32Array(frames * bins).fill(1));
});

test("a frequency mask is one band of 0 to freqWidth bins over all frames, anywhere", () => {
  const all = keys.map((key) => masked({ freqMasks: 1, freqWidth: 5 }, key));
  for (const x of all) {
    expect(isSpan(hiddenBins(x))).toBe(true);
    expect(x.filter((v) => v === 0).length).toBe(hiddenBins(x).length * frames);
  }
  expect(new Set(all.map((x) => hiddenBins(x).length))).toEqual(new Set([0, 1, 2, 3, 4, 5]));
  expect(new Set(all.flatMap(hiddenBins)).size).toBe(bins);
});

test("a time mask is one stretch of 0 to timeWidth frames over all bins, anywhere", () => {
  const all = keys.map((key) => masked({ timeMasks: 1, timeWidth: 6 }, key));
  for (const x of all) {
    expect(isSpan(hiddenFrames(x))).toBe(true);
    expect(x.filter((v) => v === 0).length).toBe(hiddenFrames(x).length * bins);
  }
  expect(new Set(all.map((x) => hiddenFrames(x).length))).toEqual(new Set([0, 1, 2, 3, 4, 5, 6]));
  expect(new Set(all.flatMap(hiddenFrames)).size).toBe(frames);
});

test("a time mask covers at most its share of a short utterance", () => {
  const widths = keys.map(
    (key) => hiddenFrames(masked({ timeMasks: 1, timeWidth: 50, maxTimeRatio: 0.2 }, key, 24)).length,
  );
  expect(Math.max(...widths)).toBe(4); // floor(0.2 · 24)
});

test("more masks hide more", () => {
  const hidden = (timeMasks: number) =>
    keys.reduce((sum, key) => sum + hiddenFrames(masked({ timeMasks, timeWidth: 6 }, key)).length, 0);
  expect(hidden(3)).toBeGreaterThan(2 * hidden(1));
});

describe("the key alone decides", () => {
  const full = { freqMasks: 2, freqWidth: 6, timeMasks: 2, timeWidth: 10 };

  test("the same key gives the same masks, another one others", () => {
    expect(masked(full, [3, 1, 4])).toEqual(masked(full, [3, 1, 4]));
    for (const other of [
      [4, 1, 4],
      [3, 2, 4],
      [3, 1, 5],
    ])
      expect(masked(full, other)).not.toEqual(masked(full, [3, 1, 4]));
  });

  test("time masks do not depend on the number of frequency masks", () => {
    expect(hiddenFrames(masked({ ...full, freqMasks: 0 }, [5]))).toEqual(
      hiddenFrames(masked({ ...full, freqMasks: 1 }, [5])),
    );
  });
});

test("a mask wider than the features hides them all at most", () => {
  for (const key of keys.slice(0, 50))
    expect(
      masked({ freqMasks: 1, freqWidth: 500, timeMasks: 1, timeWidth: 500 }, key).every((v) => v === 0 || v === 1),
    ).toBe(true);
});

test("refuses features that are not whole frames", () => {
  expect(() => specAugment(new Float32Array(7), 2, none, [1])).toThrow(
    "features have 7 values, expected whole frames of 2 bins",
  );
});
