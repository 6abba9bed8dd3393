import { padBatch, type Batch } from "./data/batch.ts";
import type { Utterance } from "./data/dataset.ts";
import { specAugment, type SpecAugmentConfig } from "./data/spec_augment.ts";

/** Pads a batch and hides parts of it. The masks depend on nothing but the seed, the epoch and the utterance. */
export function trainingBatch(
  utterances: readonly Utterance[],
  bins: number,
  indices: readonly number[],
  augment: SpecAugmentConfig | null,
  seed: number,
  epoch: number,
): Batch {
  const members = indices.map((i) => utterances[i] as Utterance);
  const batch = padBatch(members, bins);
  if (augment)
    members.forEach(({ frames }, row) => {
      const start = row * batch.frames * bins;
      specAugment(batch.features.subarray(start, start + frames * bins), bins, augment, [seed, epoch, indices[row] as number]);
    });
  return batch;
}
