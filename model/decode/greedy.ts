import { countFrames, splitBatch, type Hypothesis } from "./hypothesis.ts";

export interface GreedyOptions {
  /** Class of the CTC blank; 0 by default. */
  blank?: number;
}

/**
 * Best path decoding (Graves et al. 2006, "Connectionist temporal classification", section 3.2): takes the best class of each frame
 * (ties: the lowest), merges repeats, then drops blanks.
 *
 * @param logProbs one utterance, `[frames, vocab]`
 * @returns the labels, and the path's log-probability: the sum of the frames' maxima
 * @throws RangeError if `logProbs` does not consist of whole frames
 */
export function greedySearch(logProbs: Float32Array, vocab: number, { blank = 0 }: GreedyOptions = {}): Hypothesis {
  const frames = countFrames("greedySearch", logProbs, vocab, blank);
  const labels: number[] = [];
  let score = 0;
  let previous = blank;
  for (let t = 0; t < frames; t++) {
    const row = t * vocab;
    let best = 0;
    for (let k = 1; k < vocab; k++) if (logProbs[row + k]! > logProbs[row + best]!) best = k;
    if (best !== previous && best !== blank) labels.push(best);
    score += logProbs[row + best]!;
    previous = best;
  }
  return { labels: Int32Array.from(labels), score };
}

/**
 * `greedySearch` for every utterance in a batch.
 *
 * @param shape `[batch, frames, vocab]` of `logProbs`
 * @param lengths real frames of each utterance; padding is not read
 */
export function greedySearchBatch(
  logProbs: Float32Array,
  shape: readonly [batch: number, frames: number, vocab: number],
  lengths: ArrayLike<number>,
  options: GreedyOptions = {},
): Hypothesis[] {
  return splitBatch("greedySearchBatch", logProbs, shape, lengths).map((utterance) =>
    greedySearch(utterance, shape[2], options),
  );
}
