import { describe, expect, test } from "vitest";
import { uniform } from "../../../engine/random.ts";
import { paddingWarnings, BucketSampler, type SamplerConfig } from "../../../data/batches/sampler.ts";

const lengths = Array.from({ length: 203 }, (_, i) => 20 + Math.floor(400 * uniform(1, i) ** 2));
const padded = (batch: number[]) => batch.length * Math.max(...batch.map((i) => lengths[i]!));
const sum = (values: number[]) => values.reduce((a, b) => a + b, 0);

const configs: SamplerConfig[] = [
  { batchSize: 16 },
  { batchFrames: 2000 },
  { batchSize: 8, batchFrames: 1500, buckets: 4 },
  { batchSize: 1 },
  {},
];

describe.each(configs)("%j", (config) => {
  const sampler = new BucketSampler(lengths, config, 7);

  test("every utterance exactly once an epoch", () => {
    for (const epoch of [0, 1, 9])
      expect(
        sampler
          .batches(epoch)
          .flat()
          .sort((a, b) => a - b),
      ).toEqual(lengths.map((_, i) => i));
  });

  test("no batch exceeds its limits", () => {
    for (const batch of sampler.batches(3)) {
      expect(batch.length).toBeLessThanOrEqual(config.batchSize ?? Infinity);
      expect(padded(batch)).toBeLessThanOrEqual(config.batchFrames ?? Infinity);
    }
  });

  test("resumed at any batch, it goes on as if uninterrupted", () => {
    const whole = new BucketSampler(lengths, config, 7);
    const steps = 2 * whole.batches(0).length + 3;
    const expected = Array.from({ length: steps }, () => [whole.state, whole.next()] as const);
    for (const [i, [state]] of expected.entries()) {
      if (i % 5 !== 0 && i < steps - 2) continue;
      const resumed = new BucketSampler(lengths, config, 7, JSON.parse(JSON.stringify(state)));
      for (const [, batch] of expected.slice(i)) expect(resumed.next()).toEqual(batch);
    }
  });
});

test("next() walks through batches(epoch), epoch after epoch", () => {
  const sampler = new BucketSampler(lengths, { batchSize: 50 }, 7);
  const walked = Array.from({ length: 10 }, () => sampler.next());
  expect(walked.map(({ indices }) => indices)).toEqual([...sampler.batches(0), ...sampler.batches(1)]);
  expect(walked.map(({ epoch, batch }) => [epoch, batch])).toEqual(
    [0, 1].flatMap((e) => [0, 1, 2, 3, 4].map((b) => [e, b])),
  );
  expect(sampler.state).toEqual({ epoch: 1, batch: 5 });
});

test("epochs and seeds differ in composition and order", () => {
  const seven = new BucketSampler(lengths, { batchSize: 16 }, 7);
  const eight = new BucketSampler(lengths, { batchSize: 16 }, 8);
  const sets = (batches: number[][]) => batches.map((b) => b.sort((x, y) => x - y).join(" ")).sort();
  expect(sets(seven.batches(0))).not.toEqual(sets(seven.batches(1)));
  expect(sets(seven.batches(0))).not.toEqual(sets(eight.batches(0)));
});

test("long and short batches are mixed over the epoch", () => {
  const means = new BucketSampler(lengths, { batchSize: 8 }, 7)
    .batches(0)
    .map((b) => sum(b.map((i) => lengths[i]!)) / b.length);
  const rising = means.slice(1).filter((m, i) => m > means[i]!).length;
  expect(rising / (means.length - 1)).toBeGreaterThan(0.25);
  expect(rising / (means.length - 1)).toBeLessThan(0.75);
});

test("buckets save padding", () => {
  const waste = (buckets: number) => {
    const batches = new BucketSampler(lengths, { batchSize: 8, buckets }, 7).batches(0);
    return sum(batches.map(padded)) / sum(lengths) - 1;
  };
  expect(waste(10)).toBeLessThan(0.3);
  expect(waste(1)).toBeGreaterThan(0.8);
});

test("the share of padding, counted", () => {
  const sampler = new BucketSampler(lengths, { batchSize: 8 }, 7);
  expect(sampler.paddingShare(2)).toBeCloseTo(1 - sum(lengths) / sum(sampler.batches(2).map(padded)), 12);
  expect(new BucketSampler([5, 5, 5], { batchSize: 2 }, 7).paddingShare(0)).toBe(0);
  expect(paddingWarnings(sampler.paddingShare(2))).toEqual([]);
  expect(paddingWarnings(0.305)).toEqual([
    expect.stringMatching(/^31 % of the frames in batches are padding: more batch\.buckets/),
  ]);
});

test("lengths of their own in each epoch: limits hold, and a resumed epoch is the same", () => {
  const inEpoch = (epoch: number) => lengths.map((length, i) => Math.round(length * [0.9, 1, 1.1][(epoch + i) % 3]!));
  const sampler = new BucketSampler(inEpoch, { batchFrames: 1500 }, 7);
  for (const epoch of [0, 1, 2]) {
    const batches = sampler.batches(epoch);
    expect(batches.flat().sort((a, b) => a - b)).toEqual(lengths.map((_, i) => i));
    for (const batch of batches)
      expect(batch.length * Math.max(...batch.map((i) => inEpoch(epoch)[i]!))).toBeLessThanOrEqual(1500);
    expect(new BucketSampler(inEpoch, { batchFrames: 1500 }, 7, { epoch, batch: 2 }).next()).toEqual({
      epoch,
      batch: 2,
      indices: batches[2],
    });
  }
});

test("an utterance beyond batchFrames is a batch alone", () => {
  const batches = new BucketSampler([10, 500, 10, 10], { batchFrames: 100 }, 1).batches(0);
  expect(batches.map((b) => b.sort()).sort()).toEqual([[0, 2, 3], [1]]);
});

test("refuses settings and states that make no sense", () => {
  expect(() => new BucketSampler([], {}, 1)).toThrow("BucketSampler: no utterances");
  expect(() => new BucketSampler(lengths, { batchSize: 0 }, 1)).toThrow("batchSize is 0, expected a positive integer");
  expect(() => new BucketSampler(lengths, { batchFrames: NaN }, 1)).toThrow("batchFrames is NaN");
  expect(() => new BucketSampler(lengths, { buckets: 2.5 }, 1)).toThrow("buckets is 2.5");
  expect(() => new BucketSampler(lengths, {}, 1, { epoch: -1, batch: 0 })).toThrow("state.epoch is -1");
  expect(() => new BucketSampler(lengths, {}, 1, { epoch: 0, batch: NaN })).toThrow("state.batch is NaN");
});
