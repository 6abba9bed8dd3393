/** Which of several processes that train one model together a process is, and how many batches make up a step of theirs. */
export interface Sharing {
  readonly rank: number;
  readonly size: number;
  /** Batches of one optimiser step, over which gradients are accumulated. */
  readonly parts: number;
  /** Whether padding changes a model's results: shares are then padded like the whole batch. */
  readonly paddingMatters: boolean;
}

/** What a rank computes of a batch. */
export interface Share {
  /** Its utterances, as positions in the batch, ascending. */
  readonly rows: readonly number[];
  /** Its place among the ranks that share the batch; 0 also where one rank has all of it. */
  readonly place: number;
}

/**
 * A rank's share of a step's batch. Whole batches go to different ranks as far as their number allows, which changes nothing about any of
 * them; the ranks that are left share a batch's utterances out by length, so that none waits long for the others. With 2 batches a step
 * and 4 ranks, 2 ranks share each batch.
 *
 * @param frames of the batch's utterances
 * @param part   the batch's index among those of its step
 */
export function shareOf(
  frames: readonly number[],
  part: number,
  { rank, size, parts }: Omit<Sharing, "paddingMatters">,
): Share {
  const groups = greatestCommonDivisor(parts, size);
  const place = Math.floor(rank / groups);
  if (part % groups !== rank % groups) return { rows: [], place };
  return { rows: dealt(frames, size / groups)[place] as number[], place };
}

/** Positions dealt to so many hands: the longest first, each to the hand with the fewest frames so far, which none leaves empty before all have one. */
function dealt(frames: readonly number[], hands: number): number[][] {
  const dealt = Array.from({ length: hands }, () => ({ rows: [] as number[], frames: 0 }));
  const longestFirst = frames.map((_, row) => row).sort((a, b) => (frames[b] as number) - (frames[a] as number));
  for (const row of longestFirst) {
    const hand = dealt.reduce((least, next) => (next.frames < least.frames ? next : least));
    hand.rows.push(row);
    hand.frames += frames[row] as number;
  }
  return dealt.map(({ rows }) => rows.sort((a, b) => a - b));
}

const greatestCommonDivisor = (a: number, b: number): number => (b === 0 ? a : greatestCommonDivisor(b, a % b));

/** How much a share counts. */
export interface BatchShare extends Pick<Share, "place"> {
  /** Of its loss, in the sum of all shares' losses that is the batch's; 0 leaves nothing to compute. */
  readonly weight: number;
  /** Its part of the batch's output frames, and of its tokens, divided by `weight`: for means over these. */
  readonly frames: number;
  readonly tokens: number;
}

/** The part of a sum that some rows have. */
export const partOf = (rows: readonly number[], counts: readonly number[]): number =>
  rows.reduce((sum, row) => sum + (counts[row] as number), 0) / counts.reduce((sum, count) => sum + count, 0);
