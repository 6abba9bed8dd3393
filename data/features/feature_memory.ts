/** So much of all sets' features stays in memory, if nothing else is said. */
const DEFAULT_BYTES = 2 ** 30;

/**
 * Room for features that stay in memory. First come, first kept: an epoch visits every utterance once, in another order each
 * time, so whichever utterances are kept save the same share of reading, and throwing some out for others would save nothing.
 */
export class FeatureMemory {
  #left: number;

  constructor(bytes: number = DEFAULT_BYTES) {
    this.#left = bytes;
  }

  get isFull(): boolean {
    return this.#left <= 0;
  }

  /** Takes room for these values, or says that there is not enough. */
  keep({ byteLength }: Float32Array): boolean {
    if (byteLength > this.#left) {
      this.#left = 0; // else a set's few short utterances would still be let in, each after being computed in vain
      return false;
    }
    this.#left -= byteLength;
    return true;
  }
}
