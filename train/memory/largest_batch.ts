import type { TrainConfig } from "../../config/config.ts";
import type { BatchShape } from "../../recognition/memory.ts";

/** What an utterance contributes to a batch's size. */
export interface BatchMember {
  readonly frames: number;
  readonly labels: { readonly length: number };
}

/**
 * Encoder frames at which attention doubles the load: plans of 64 x 25, 2 x 800 and 1 x 1600 of them differ by a fifth to
 * two fifths.
 */
const ATTENTION_FRAMES = 4000;

/**
 * The load by which shapes are compared: activations grow with `size · frames`, attention's with `size · frames²`.
 *
 * @param stride input frames per encoder frame
 */
export const batchLoad = ({ size, frames }: Pick<BatchShape, "size" | "frames">, stride: number): number =>
  size * frames * (1 + frames / (stride * ATTENTION_FRAMES));

/**
 * The padded shape with the largest load (see `batchLoad`) that a batch of these utterances can have under the config's
 * limits, in whatever order an epoch shuffles them. Under a frame limit, an utterance longer than the limit is a batch of
 * its own.
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
    const most = Math.min(i + 1, size ?? Infinity, fitting); // only the utterances up to i are no longer than `longest`
    const shape = { size: most, frames: longest, labels };
    if (batchLoad(shape, stride) >= batchLoad(largest, stride)) largest = shape;
  }
  return largest;
}
