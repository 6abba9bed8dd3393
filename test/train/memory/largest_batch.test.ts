import { expect, it } from "vitest";
import { uniform } from "../../../engine/random.ts";
import { BucketSampler } from "../../../data/batches/sampler.ts";
import { batchLoad, largestBatch } from "../../../train/memory/largest_batch.ts";

const members = (...lengths: number[]) =>
  lengths.map((frames) => ({ frames, labels: { length: Math.ceil(frames / 20) } }));

it("by number: the longest utterance with as many as are allowed and there are", () => {
  expect(largestBatch(members(10, 400, 30), { size: 2, frames: null }, 4)).toEqual({
    size: 2,
    frames: 400,
    labels: 20,
  });
  expect(largestBatch(members(10, 400, 30), { size: 16, frames: null }, 4)).toEqual({
    size: 3,
    frames: 400,
    labels: 20,
  });
});

it("by frames: the length that fills the limit best, with utterances that are no longer", () => {
  // 2 x 400 = 800, 3 x 300 = 900, but 10 of 100 are only three.
  expect(largestBatch(members(100, 100, 100, 300, 300, 400), { size: null, frames: 1000 }, 4)).toMatchObject({
    size: 3,
    frames: 300,
  });
  expect(largestBatch(members(100, 100, 5000), { size: null, frames: 1000 }, 4)).toMatchObject({
    size: 1,
    frames: 5000,
  });
  expect(largestBatch(members(50, 50, 50, 50, 50), { size: 3, frames: 1000 }, 4)).toMatchObject({
    size: 3,
    frames: 50,
  });
});

it("of nearly as many frames, the longer utterances: attention needs more for them", () => {
  const short = new Array<number>(64).fill(100);
  expect(largestBatch(members(...short, 3190, 3190), { size: null, frames: 6400 }, 4)).toMatchObject({
    size: 2,
    frames: 3190,
  });
  expect(largestBatch(members(...short, 3500), { size: null, frames: 6400 }, 4)).toMatchObject({
    size: 64,
    frames: 100,
  });
});

it("with a decoder has so many labels that no batch has more in all, though it be of shorter utterances", () => {
  const short = new Array<number>(20).fill(100); // 5 labels each
  const limits = { size: null, frames: 2100 };
  expect(largestBatch(members(...short, 2100), limits, 4)).toEqual({ size: 1, frames: 2100, labels: 105 });
  expect(largestBatch(members(...short, 2100), limits, 4, { decoder: true })).toEqual({
    size: 1,
    frames: 2100,
    labels: 20 * (5 + 1) - 1,
  });
  expect(largestBatch(members(10, 400, 30), { size: 2, frames: null }, 4, { decoder: true }).labels).toBe(20);
});

it.each([
  { size: 5, frames: null },
  { size: null, frames: 900 },
  { size: 4, frames: 1200 },
])("no batch of any epoch is larger: %o", (limits) => {
  const lengths = Array.from({ length: 60 }, (_, i) => 20 + Math.floor(300 * uniform(7, i)));
  const largest = batchLoad(largestBatch(members(...lengths), limits, 4), 4);
  const sampler = new BucketSampler(
    lengths,
    {
      ...(limits.size && { batchSize: limits.size }),
      ...(limits.frames && { batchFrames: limits.frames }),
      buckets: 4,
    },
    1,
  );
  const sizes = [0, 1, 2, 3]
    .flatMap((epoch) => sampler.batches(epoch))
    .map((batch) => batchLoad({ size: batch.length, frames: Math.max(...batch.map((i) => lengths[i]!)) }, 4));
  expect(Math.max(...sizes)).toBeLessThanOrEqual(largest);
  expect(Math.max(...sizes)).toBeGreaterThan(0.7 * largest); // and it is not far beyond them
});
