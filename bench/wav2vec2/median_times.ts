export interface MedianTimes {
  /** Seconds of the first call, which compiles kernels. */
  readonly first: number;
  /** Median of the other calls. */
  readonly median: number;
  /** Median absolute deviation from the median. */
  readonly spread: number;
}

/** Times a call, once and then `rounds` times more. */
export async function medianTimes(rounds: number, call: () => Promise<void>): Promise<MedianTimes> {
  const seconds: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const started = performance.now();
    await call();
    seconds.push((performance.now() - started) / 1000);
  }
  const [first, ...rest] = seconds as [number, ...number[]];
  const middle = median(rest);
  return { first, median: middle, spread: median(rest.map((value) => Math.abs(value - middle))) };
}

/** Of an even number of values, the greater of the two in the middle. */
export const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] as number;
