/** What a model of a cluster assumes. */
export interface Assumptions {
  /** Of every machine's link, both ways at once. */
  readonly gigabitsPerSecond: number;
  /** From one rank to the next, in seconds. */
  readonly latency: number;
  /** Bytes per second between a device and its host. */
  readonly hostBytesPerSecond: number;
  /** Seconds of a step on one device, with this rank's share of the batch: it stays the same, so that the batch grows with the ranks. */
  readonly stepSeconds: number;
}

/** Seconds of a ring all-reduce of so many bytes by n ranks, each on a link of its own. */
export const ringSeconds = (bytes: number, n: number, { gigabitsPerSecond, latency }: Assumptions): number =>
  (((2 * (n - 1)) / n) * bytes * 8) / (gigabitsPerSecond * 1e9) + 2 * (n - 1) * latency;

/** Seconds that the gradients take to the host and back. */
export const copySeconds = (bytes: number, { hostBytesPerSecond }: Assumptions): number =>
  (2 * bytes) / hostBytesPerSecond;

/** Speed of n ranks over n times the speed of one that exchanges nothing; nothing overlaps. */
export function efficiency(bytes: number, n: number, assumptions: Assumptions): number {
  const { stepSeconds } = assumptions;
  return stepSeconds / (stepSeconds + ringSeconds(bytes, n, assumptions) + copySeconds(bytes, assumptions));
}
