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
 * its own. Its labels are the most of any utterance.
 *
 * A decoder reads every label, padding included, and many short utterances can have more of them together than the few
 * long ones with the largest load. With one, the labels are therefore so many that no batch has more in all.
 *
 * @param utterances at least one
 */
export function largestBatch(
  utterances: readonly BatchMember[],
  { size, frames }: Pick<TrainConfig["batch"], "size" | "frames">,
  stride: number,
  { decoder = false } = {},
): BatchShape {
  let largest = { size: 0, frames: 0 };
  let labels = 1;
  let tokens = 0;
  for (const [i, utterance] of [...utterances].sort((a, b) => a.frames - b.frames).entries()) {
    const { frames: longest } = utterance;
    const fitting = frames === null ? Infinity : Math.max(1, Math.floor(frames / longest));
    const most = Math.min(i + 1, size ?? Infinity, fitting); // only the utterances up to i are no longer than `longest`
    const shape = { size: most, frames: longest };
    if (batchLoad(shape, stride) >= batchLoad(largest, stride)) largest = shape;
    labels = Math.max(labels, utterance.labels.length);
    tokens = Math.max(tokens, most * (labels + 1)); // the decoder reads or says one more
  }
  return { ...largest, labels: decoder ? Math.max(labels, Math.ceil(tokens / largest.size) - 1) : labels };
}
