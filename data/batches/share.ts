import type { BatchRows } from "../../engine/tape.ts";

/** Which of several processes that train one model together a process is, and how many batches make up a step of theirs. */
export interface Sharing {
  readonly rank: number;
  readonly size: number;
  /** Batches of one optimiser step, over which gradients are accumulated. */
  readonly parts: number;
}

/**
 * A rank's share of a step's batch: its utterances, as positions in the batch, which follow each other. Whole batches go to different ranks
 * as far as their number allows, which changes nothing about any of them; the ranks that are left share a batch out, as evenly as can be.
 * With 2 batches a step and 4 ranks, 2 ranks share each batch. A share is padded like the whole batch, so that random numbers keyed by an
 * element's place in the batch stay the same; no rank then waits for one with longer utterances.
 *
 * @param count utterances of the batch
 * @param part  the batch's index among those of its step
 */
export function shareOf(count: number, part: number, { rank, size, parts }: Sharing): number[] {
  const groups = greatestCommonDivisor(parts, size);
  if (part % groups !== rank % groups) return [];
  const [place, places] = [Math.floor(rank / groups), size / groups];
  const [from, to] = [place, place + 1].map((border) => Math.ceil((border * count) / places)) as [number, number];
  return Array.from({ length: to - from }, (_, i) => from + i);
}

const greatestCommonDivisor = (a: number, b: number): number => (b === 0 ? a : greatestCommonDivisor(b, a % b));

/** How much a share counts. */
export interface BatchShare {
  /** Its utterances' place in the batch. */
  readonly rows: BatchRows;
  /** Of its loss, in the sum of all shares' losses that is the batch's; 0 leaves nothing to compute. */
  readonly weight: number;
  /** Its part of the batch's output frames, and of its tokens, divided by `weight`: for means over these. */
  readonly frames: number;
  readonly tokens: number;
}

/** The part of a sum that some rows have. */
export const partOf = (rows: readonly number[], counts: readonly number[]): number =>
  rows.reduce((sum, row) => sum + (counts[row] as number), 0) / counts.reduce((sum, count) => sum + count, 0);
