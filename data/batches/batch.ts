import type { BatchItem } from "../item.ts";
import type { BatchMasks } from "./feature_masks.ts";
import { framesNeeded, type CtcModel } from "../../model/ctc_model.ts";

/** Padded typed arrays with rows of equal length, ready for upload. */
export interface Batch {
  size: number;
  /** Frames of the longest utterance. */
  frames: number;
  bins: number;
  /** Labels of the longest target, at least 1, so that no buffer is empty. */
  maxLabels: number;
  /** `[size, frames, bins]`, padded with 0: the mean, after normalisation. */
  features: Float32Array;
  /** `[size]`, real frames. */
  lengths: Int32Array;
  /** `[size, maxLabels]`, padded with 0: a valid class, so that a kernel may gather before it masks. */
  targets: Int32Array;
  /** `[size]`, real labels. */
  targetLengths: Int32Array;
  /** Masks for the projected features; undefined masks nothing. */
  masks?: BatchMasks | undefined;
}

/** Sizes that a batch has at least. */
export interface LeastPadding {
  readonly frames: number;
  /** At least 1. */
  readonly labels: number;
}

/**
 * Stacks utterances into a padded batch.
 *
 * @param least frames, and labels, to pad to at least
 * @throws RangeError if there are none, or an utterance's features are not `[frames, bins]`
 */
export function padBatch(
  items: readonly BatchItem[],
  bins: number,
  least: LeastPadding = { frames: 0, labels: 1 },
): Batch {
  const size = items.length;
  if (size === 0) throw new RangeError("padBatch: no utterances");
  const frames = Math.max(least.frames, ...items.map((item) => item.frames));
  const maxLabels = Math.max(least.labels, ...items.map((item) => item.labels.length));
  const batch: Batch = {
    size,
    frames,
    bins,
    maxLabels,
    features: new Float32Array(size * frames * bins),
    lengths: Int32Array.from(items, (item) => item.frames),
    targets: new Int32Array(size * maxLabels),
    targetLengths: Int32Array.from(items, (item) => item.labels.length),
  };
  for (const [i, item] of items.entries()) {
    if (item.features.length !== item.frames * bins) {
      throw new RangeError(
        `padBatch: features of item ${i} have ${item.features.length} values, expected [${item.frames}, ${bins}]`,
      );
    }
    batch.features.set(item.features, i * frames * bins);
    batch.targets.set(item.labels, i * maxLabels);
  }
  return batch;
}

/** A batch of no utterances, for who has nothing to compute. */
export const emptyBatch = (bins: number): Batch => ({
  size: 0,
  frames: 0,
  bins,
  maxLabels: 1,
  features: new Float32Array(),
  lengths: new Int32Array(),
  targets: new Int32Array(),
  targetLengths: new Int32Array(),
});

/**
 * Counts the utterances of a batch that are too short for their texts, whose CTC loss therefore counts as 0:
 * augmentation can shorten one that was long enough when it was read.
 */
export function countInfeasible(
  { lengths, maxLabels, targets, targetLengths }: Batch,
  model: Pick<CtcModel, "outputFrames">,
): number {
  return lengths.reduce((count, frames, row) => {
    const labels = targets.subarray(row * maxLabels, row * maxLabels + (targetLengths[row] as number));
    return count + Number(model.outputFrames(frames) < Math.max(1, framesNeeded(labels)));
  }, 0);
}
