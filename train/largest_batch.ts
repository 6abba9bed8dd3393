import type { TrainConfig } from "./config.ts";
import type { BatchShape } from "./memory_plan.ts";

/** What the size of a batch depends on. */
export interface BatchMember {
  readonly frames: number;
  readonly labels: { readonly length: number };
}

/**
 * The padded shape with the most frames, `size · frames`, that a batch of these utterances can have under the config's
 * limits, in whichever order an epoch shuffles them; of several, the one with the longest utterance. With a limit of
 * frames, an utterance that is longer than it is a batch alone.
 *
 * @param utterances at least one
 */
export function largestBatch(utterances: readonly BatchMember[], { size, frames }: Pick<TrainConfig["batch"], "size" | "frames">): BatchShape {
  const lengths = utterances.map((utterance) => utterance.frames).sort((a, b) => a - b);
  const labels = utterances.reduce((most, utterance) => Math.max(most, utterance.labels.length), 1);
  let largest: BatchShape = { size: 0, frames: 0, labels };
  for (const [i, longest] of lengths.entries()) {
    const fitting = frames === null ? Infinity : Math.max(1, Math.floor(frames / longest));
    const most = Math.min(i + 1, size ?? Infinity, fitting); // only those up to i are no longer
    if (most * longest >= largest.size * largest.frames) largest = { size: most, frames: longest, labels };
  }
  return largest;
}
