import { expect, test } from "vitest";
import { uniform } from "../../../engine/random.ts";
import { largestBatch, largestBatches } from "../../../train/data/largest_batches.ts";
import { BucketSampler, type SamplerConfig } from "../../../train/data/sampler.ts";

const utterances = Array.from({ length: 101 }, (_, i) => ({ frames: 20 + Math.floor(400 * uniform(1, i) ** 2), labels: new Int32Array(Math.floor(30 * uniform(2, i))) }));

test.each<SamplerConfig>([{ batchSize: 16 }, { batchFrames: 2000 }, { batchSize: 8, batchFrames: 1500 }, { batchFrames: 100 }, {}])("%j: no batch of any epoch is larger", (config) => {
  const shapes = largestBatches(utterances, config);
  const sampler = new BucketSampler(utterances.map(({ frames }) => frames), config, 3);
  const covered = (indices: number[]): boolean => {
    const members = indices.map((i) => utterances[i]!);
    return shapes.some(({ size, frames, maxLabels }) => members.length <= size && members.every((member) => member.frames <= frames && member.labels.length <= maxLabels));
  };
  for (let epoch = 0; epoch < 20; epoch++) expect(sampler.batches(epoch).filter((indices) => !covered(indices))).toEqual([]);
  for (const { size, frames } of shapes) if (size > 1) expect(size * frames).toBeLessThanOrEqual(config.batchFrames ?? Infinity);
});

test("by hand: sizes rise as frames fall, and labels are those of utterances that short", () => {
  const three = [{ frames: 100, labels: [1] }, { frames: 60, labels: [1, 2, 3] }, { frames: 50, labels: [1, 2] }, { frames: 500, labels: [] }];
  expect(largestBatches(three, { batchFrames: 150 })).toEqual([{ size: 1, frames: 500, maxLabels: 3 }, { size: 2, frames: 60, maxLabels: 3 }]);
  expect(largestBatch(three, { batchFrames: 150 })).toEqual({ size: 1, frames: 500, maxLabels: 3 });
  expect(largestBatch(three, { batchSize: 3 })).toEqual({ size: 3, frames: 500, maxLabels: 3 });
});
