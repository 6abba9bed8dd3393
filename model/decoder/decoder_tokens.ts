/** Teacher forcing: what a decoder reads, and what it should say after each token. */
export interface DecoderTokens {
  /** `[batch, longest + 1]`: the sentence's start, its labels, and the same class again as padding */
  readonly inputs: Int32Array;
  /** `[batch, longest + 1]`: the labels, the sentence's end, and -1, which no loss counts, as padding */
  readonly outputs: Int32Array;
  /** `[batch]`: labels and the end */
  readonly lengths: Int32Array;
}

/**
 * @param targets     `[batch, longest]`; what is beyond a target's length does not matter
 * @param sentenceEnd the class that starts and ends a sentence
 */
export function decoderTokens(
  targets: ArrayLike<number>,
  targetLengths: ArrayLike<number>,
  sentenceEnd: number,
): DecoderTokens {
  const batch = targetLengths.length;
  const longest = batch === 0 ? 0 : targets.length / batch;
  const inputs = new Int32Array(batch * (longest + 1)).fill(sentenceEnd);
  const outputs = new Int32Array(inputs.length).fill(-1);
  for (let b = 0; b < batch; b++) {
    const [from, to] = [b * longest, b * (longest + 1)];
    const length = targetLengths[b] as number;
    for (let n = 0; n < length; n++) outputs[to + n] = inputs[to + n + 1] = targets[from + n] as number;
    outputs[to + length] = sentenceEnd;
  }
  return { inputs, outputs, lengths: Int32Array.from(targetLengths, (length) => length + 1) };
}
