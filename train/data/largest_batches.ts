import type { SamplerConfig } from "./sampler.ts";

/** The size of a batch, without its content. */
export interface BatchShape {
  readonly size: number;
  /** Frames of the longest utterance, to which the others are padded. */
  readonly frames: number;
  /** Labels of the longest target, at least 1. */
  readonly maxLabels: number;
}

/**
 * The largest batches that a `BucketSampler` could make in any epoch, in falling order of frames: no batch has both more
 * utterances and more frames than one of these. Memory grows with either, so it is planned for these alone.
 *
 * For the utterance of L frames as the longest of its batch, at most `batchSize` utterances and, if there is more than one,
 * `batchFrames` / L fit, and no more than have L frames or fewer.
 *
 * @param utterances frames of each one at its longest (its slowest speed), and how many labels it has; at least one
 */
export function largestBatches(utterances: readonly { frames: number; labels: ArrayLike<number> }[], { batchSize = Infinity, batchFrames = Infinity }: SamplerConfig): BatchShape[] {
  const falling = utterances.toSorted((a, b) => b.frames - a.frames);
  // Most labels of this utterance and the shorter ones.
  const maxLabels = new Int32Array(falling.length);
  for (let i = falling.length - 1, most = 1; i >= 0; i--) maxLabels[i] = most = Math.max(most, (falling[i] as { labels: ArrayLike<number> }).labels.length);
  const shapes: BatchShape[] = [];
  for (const [i, { frames }] of falling.entries()) {
    const size = Math.min(batchSize, falling.length - i, Math.max(1, Math.floor(batchFrames / frames)));
    if (size > (shapes.at(-1)?.size ?? 0)) shapes.push({ size, frames, maxLabels: maxLabels[i] as number });
  }
  return shapes;
}

/** The one of them with the most frames, padding included; of equal ones the longest, since attention grows with its square. */
export function largestBatch(...given: Parameters<typeof largestBatches>): BatchShape {
  return largestBatches(...given).reduce((worst, shape) => (shape.size * shape.frames > worst.size * worst.frames ? shape : worst));
}
