/** Default memory for the features of all sets. */
const DEFAULT_BYTES = 2 ** 30;

/**
 * A budget for features kept in memory, first come, first kept. An epoch visits every utterance once, each time in
 * another order, so any choice of utterances saves the same share of reading, and evicting some for others would save
 * nothing.
 */
export class FeatureMemory {
  #left: number;

  constructor(bytes: number = DEFAULT_BYTES) {
    this.#left = bytes;
  }

  get isFull(): boolean {
    return this.#left <= 0;
  }

  /** Reserves memory for these values; false if there is not enough. */
  keep({ byteLength }: Float32Array): boolean {
    if (byteLength > this.#left) {
      this.#left = 0; // otherwise short utterances would still be admitted, after computing many others in vain
      return false;
    }
    this.#left -= byteLength;
    return true;
  }
}
