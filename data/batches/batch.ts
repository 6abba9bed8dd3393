import type { BatchMasks } from "../augment/feature_masks.ts";
import type { CtcModel } from "../../model/ctc_model.ts";
import { framesNeeded } from "../manifest/validate.ts";

/** The part of an utterance that a batch needs. */
export interface BatchItem {
  /** `[frames, bins]` */
  features: Float32Array;
  frames: number;
  labels: Int32Array;
}

/** An item whose features may not have been loaded yet. */
export interface LazyItem extends Omit<BatchItem, "features"> {
  /** `[frames, bins]`, or a function that loads them. */
  features: Float32Array | (() => Promise<Float32Array>);
}

/** Loads the features of items. */
export function loadItems(items: readonly LazyItem[]): Promise<BatchItem[]> {
  return Promise.all(
    items.map(async ({ frames, labels, features }) => ({
      frames,
      labels,
      features: typeof features === "function" ? await features() : features,
    })),
  );
}

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

/**
 * Stacks utterances into a padded batch.
 *
 * @throws RangeError if there are none, or an utterance's features are not `[frames, bins]`
 */
export function padBatch(items: readonly BatchItem[], bins: number): Batch {
  const size = items.length;
  if (size === 0) throw new RangeError("padBatch: no utterances");
  const frames = Math.max(...items.map((item) => item.frames));
  const maxLabels = Math.max(1, ...items.map((item) => item.labels.length));
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
