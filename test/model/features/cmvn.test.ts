import { describe, expect, test } from "vitest";
import { UserError } from "../../../engine/errors.ts";
import {
  accumulateCmvn,
  applyCmvn,
  emptyCmvn,
  parseCmvn,
  serialiseCmvn,
  utteranceCmvn,
} from "../../../model/features/cmvn.ts";
import type { Features } from "../../../model/features/fbank.ts";

/** Far from zero, as a loud bin's log energies, and of different spread per bin. */
function utterance(frames: number, seed: number, bins = 3): Features {
  const values = Float32Array.from(
    { length: frames * bins },
    (_, i) => 100 * (i % bins) + (1 + (i % bins)) * Math.sin(seed + 12.9898 * i),
  );
  return { frames, bins, values };
}

const parts = [utterance(7, 1), utterance(0, 2), utterance(1, 3), utterance(40, 4)];
const all: Features = { frames: 48, bins: 3, values: Float32Array.from(parts.flatMap(({ values }) => [...values])) };
const total = parts.reduce(accumulateCmvn, emptyCmvn(3));

describe("statistics", () => {
  test("utterance by utterance as of all frames at once", () => {
    const expected = utteranceCmvn(all);
    expect(total.frames).toBe(48);
    for (let bin = 0; bin < 3; bin++) {
      expect(total.mean[bin]).toBeCloseTo(expected.mean[bin] as number, 10);
      expect(total.variance[bin]).toBeCloseTo(expected.variance[bin] as number, 10);
    }
  });

  test("applied to what they come from: mean 0, variance 1", () => {
    const { mean, variance } = utteranceCmvn(applyCmvn(total, all));
    for (const value of mean) expect(value).toBeCloseTo(0, 5);
    for (const value of variance) expect(value).toBeCloseTo(1, 5);
  });

  test("applying leaves the features as they are", () => {
    const before = all.values.slice();
    applyCmvn(total, all);
    expect(all.values).toEqual(before);
  });

  test("a bin that never changes becomes zero, not NaN", () => {
    const constant: Features = { frames: 4, bins: 1, values: new Float32Array(4).fill(-15.5) };
    expect(applyCmvn(utteranceCmvn(constant), constant).values).toEqual(new Float32Array(4));
  });

  test("another number of bins is refused", () => {
    expect(() => applyCmvn(total, utterance(2, 1, 5))).toThrow("the statistics have 3 bins, but the features have 5");
    expect(() => accumulateCmvn(total, utterance(2, 1, 5))).toThrow(UserError);
  });
});

describe("file", () => {
  test("round trip without loss", () => {
    expect(parseCmvn(serialiseCmvn(total), "cmvn.json")).toEqual(total);
  });

  test.each([
    "{",
    "null",
    "[]",
    '{"frames":1,"mean":[1],"variance":[1,2]}',
    '{"frames":1,"mean":["1"],"variance":[1]}',
  ])("%s is refused", (json) => {
    expect(() => parseCmvn(json, "cmvn.json")).toThrow(UserError);
    expect(() => parseCmvn(json, "cmvn.json")).toThrow(/^cmvn\.json /);
  });
});
