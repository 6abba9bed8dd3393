/** A search result. */
export interface Hypothesis {
  /** Classes without blanks. */
  labels: Int32Array;
  /** Natural log-probability of the paths that were followed. */
  score: number;
}

/** Number of frames in one utterance's log-probabilities, `[frames, vocab]`. Throws if the sizes do not fit. */
export function countFrames(operation: string, logProbs: Float32Array, vocab: number, blank: number): number {
  if (!Number.isInteger(vocab) || vocab < 1)
    throw new RangeError(`${operation}: vocab is ${vocab}, expected a positive integer`);
  if (!Number.isInteger(blank) || blank < 0 || blank >= vocab) {
    throw new RangeError(`${operation}: blank is ${blank}, expected a class from 0 to ${vocab - 1}`);
  }
  if (logProbs.length % vocab !== 0) {
    throw new RangeError(
      `${operation}: logProbs has ${logProbs.length} values, expected whole frames of ${vocab} classes`,
    );
  }
  return logProbs.length / vocab;
}

/**
 * Splits log-probabilities `[batch, frames, vocab]` into one view `[lengths[b], vocab]` per utterance, so that searches never see
 * padding.
 */
export function splitBatch(
  operation: string,
  logProbs: Float32Array,
  shape: readonly [batch: number, frames: number, vocab: number],
  lengths: ArrayLike<number>,
): Float32Array[] {
  const [batch, frames, vocab] = shape;
  const values = batch * frames * vocab;
  if (logProbs.length !== values) {
    throw new RangeError(
      `${operation}: logProbs has ${logProbs.length} values, expected ${values} for [${shape.join(", ")}]`,
    );
  }
  if (lengths.length !== batch) throw new RangeError(`${operation}: ${lengths.length} lengths, expected ${batch}`);
  return Array.from({ length: batch }, (_, b) => {
    const length = lengths[b]!;
    if (!(Number.isInteger(length) && length >= 0 && length <= frames)) {
      throw new RangeError(`${operation}: lengths[${b}] is ${length}, expected 0 to ${frames}`);
    }
    return logProbs.subarray(b * frames * vocab, (b * frames + length) * vocab);
  });
}
