import type { TrainConfig } from "../../config/config.ts";
import type { BatchShape } from "../../recognition/memory.ts";

/** What the size of a batch depends on. */
export interface BatchMember {
  readonly frames: number;
  readonly labels: { readonly length: number };
}

/** Frames of the encoder by which attention adds as much again: plans of 64 x 25, 2 x 800 and 1 x 1600 of them differ by a fifth to two fifths. */
const ATTENTION_FRAMES = 4000;

/**
 * By what shapes are compared: activations grow with `size · frames`, and those of attention with the frames once more.
 *
 * @param stride input frames of one frame of the encoder
 */
export const batchLoad = ({ size, frames }: Pick<BatchShape, "size" | "frames">, stride: number): number =>
  size * frames * (1 + frames / (stride * ATTENTION_FRAMES));

/**
 * The padded shape of the largest load, see `batchLoad`, that a batch of these utterances can have under the config's
 * limits, in whichever order an epoch shuffles them. With a limit of frames, an utterance that is longer than it is a
 * batch alone.
 *
 * @param utterances at least one
 */
export function largestBatch(
  utterances: readonly BatchMember[],
  { size, frames }: Pick<TrainConfig["batch"], "size" | "frames">,
  stride: number,
): BatchShape {
  const lengths = utterances.map((utterance) => utterance.frames).sort((a, b) => a - b);
  const labels = utterances.reduce((most, utterance) => Math.max(most, utterance.labels.length), 1);
  let largest: BatchShape = { size: 0, frames: 0, labels };
  for (const [i, longest] of lengths.entries()) {
    const fitting = frames === null ? Infinity : Math.max(1, Math.floor(frames / longest));
    const most = Math.min(i + 1, size ?? Infinity, fitting); // only those up to i are no longer
    const shape = { size: most, frames: longest, labels };
    if (batchLoad(shape, stride) >= batchLoad(largest, stride)) largest = shape;
  }
  return largest;
}
