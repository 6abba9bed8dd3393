/**
 * Estimates the time that is left from the last steps, `window` of them at most: a run that was resumed, or whose machine
 * has become slower, is judged by its present speed.
 */
export class RemainingTime {
  readonly #seen: { step: number; at: number }[] = [];
  readonly #total: number;
  readonly #window: number;

  constructor(total: number, window = 30) {
    this.#total = total;
    this.#window = window;
  }

  /** Seconds that are left after `step` was finished at `at` (seconds on any clock); NaN before the second call. */
  after(step: number, at: number): number {
    this.#seen.push({ step, at });
    if (this.#seen.length > this.#window) this.#seen.shift();
    const first = this.#seen[0]!;
    return step === first.step ? NaN : ((this.#total - step) * (at - first.at)) / (step - first.step);
  }
}
