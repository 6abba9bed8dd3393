/**
 * The bootstrap over utterances (Bisani & Ney 2004, "Bootstrap estimates for confidence intervals in ASR performance
 * evaluation", ICASSP): a test set is one sample of all utterances that could have been recorded. Resampling the same
 * number of its utterances with replacement, many times, shows how far an error rate could have varied.
 *
 * A *resample* counts each utterance as often as it was drawn, c[u] with sum n, and has the error rate
 *
 *     W = sum_u c[u] errors[u] / sum_u c[u] words[u].
 *
 * Two systems are compared on the *same* resamples (paired): an utterance that is hard for both says nothing about
 * which is better, and cancels out.
 */
import { UserError } from "../../engine/errors.ts";
import { hash } from "../../engine/random.ts";

/** One utterance's errors (substitutions, deletions and insertions together) and number of reference words. */
export interface UtteranceErrors {
  readonly errors: number;
  readonly words: number;
}

export interface BootstrapOptions {
  /** Number of resamples; 10,000 by default. */
  readonly resamples?: number;
  /** The same seed draws the same resamples; 0 by default. */
  readonly seed?: number;
  /** Fraction of resamples within the interval; 0.95 by default. */
  readonly confidence?: number;
}

/** A value on the whole set, and the interval that contains the middle `confidence` of the resampled values. */
export interface Interval {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

export interface PairedComparison {
  /** Error rates of both systems; 1 is 100 %. */
  readonly a: Interval;
  readonly b: Interval;
  /** Rate of `b` minus rate of `a`: negative if `b` is better. */
  readonly difference: Interval;
  /**
   * Fraction of resamples in which `b` has the lower rate; ties count half. Bisani & Ney's "probability of
   * improvement".
   */
  readonly improvement: number;
  /** Two-sided p-value of "both are equally good": see `twoSided`. */
  readonly pValue: number;
  readonly resamples: number;
}

const DEFAULTS = { resamples: 10_000, seed: 0, confidence: 0.95 };

/**
 * An error rate with its percentile interval.
 *
 * @param utterances each with its errors and reference words, `[utterances]`
 * @throws UserError if there are no reference words, and so no rate
 */
export function bootstrapInterval(utterances: readonly UtteranceErrors[], options: BootstrapOptions = {}): Interval {
  const { resamples, seed, confidence } = { ...DEFAULTS, ...options };
  const [rates] = resampledRates([utterances], resamples, seed);
  return interval(rateOf("bootstrapInterval", utterances), rates as Float64Array, confidence);
}

/**
 * Compares two systems on the same utterances, in the same order.
 *
 * @throws UserError if there is no reference word
 * @throws RangeError if the numbers of utterances, or of an utterance's words, differ
 */
export function pairedBootstrap(
  a: readonly UtteranceErrors[],
  b: readonly UtteranceErrors[],
  options: BootstrapOptions = {},
): PairedComparison {
  if (a.length !== b.length)
    throw new RangeError(`pairedBootstrap: a has ${a.length} utterances, b has ${b.length}, expected the same`);
  const other = a.findIndex(({ words }, u) => words !== b[u]?.words);
  if (other >= 0)
    throw new RangeError(
      `pairedBootstrap: utterance ${other} has ${a[other]?.words} words in a and ${b[other]?.words} in b, expected the same`,
    );

  const { resamples, seed, confidence } = { ...DEFAULTS, ...options };
  const [ratesA, ratesB] = resampledRates([a, b], resamples, seed) as [Float64Array, Float64Array];
  const differences = ratesB.map((rate, i) => difference(rate, ratesA[i] as number));
  const [rateA, rateB] = [rateOf("pairedBootstrap", a), rateOf("pairedBootstrap", b)];
  const below = differences.reduce((count, d) => count + (d < 0 ? 1 : d === 0 ? 0.5 : 0), 0);
  return {
    a: interval(rateA, ratesA, confidence),
    b: interval(rateB, ratesB, confidence),
    difference: interval(rateB - rateA, differences, confidence),
    improvement: below / resamples,
    pValue: twoSided(differences),
    resamples,
  };
}

/**
 * Error rates of several systems on the same resamples, `[systems][resamples]`. Draw i of resample r is a function of
 * (seed, r, i) alone. A resample without reference words has no rate and counts as 0 without errors, infinite with
 * them; this happens only if few utterances of the set have texts.
 */
function resampledRates(
  systems: readonly (readonly UtteranceErrors[])[],
  resamples: number,
  seed: number,
): Float64Array[] {
  const utterances = systems[0]?.length ?? 0;
  const errors = systems.map((system) => Float64Array.from(system, (u) => u.errors));
  const words = Float64Array.from(systems[0] ?? [], (u) => u.words);
  const rates = systems.map(() => new Float64Array(resamples));
  const wrong = new Float64Array(systems.length);
  for (let r = 0; r < resamples; r++) {
    const resampleSeed = hash(seed, r);
    let total = 0;
    wrong.fill(0);
    for (let i = 0; i < utterances; i++) {
      const drawn = Math.floor((hash(resampleSeed, i) * utterances) / 2 ** 32);
      total += words[drawn] as number;
      for (let s = 0; s < systems.length; s++)
        wrong[s] = (wrong[s] as number) + ((errors[s] as Float64Array)[drawn] as number);
    }
    rates.forEach((rate, s) => (rate[r] = wrong[s] === 0 ? 0 : (wrong[s] as number) / total));
  }
  return rates;
}

/** Also handles two infinite rates, which are equal. */
const difference = (b: number, a: number): number => (a === b ? 0 : b - a);

function rateOf(operation: string, utterances: readonly UtteranceErrors[]): number {
  const sum = (key: keyof UtteranceErrors): number =>
    utterances.reduce((total, utterance) => total + utterance[key], 0);
  if (sum("words") === 0)
    throw new UserError(
      `${operation}: the ${utterances.length} utterances have no reference words, expected at least one`,
    );
  return sum("errors") / sum("words");
}

/** Percentiles of the resampled values, with linear interpolation between neighbours (Hyndman & Fan's type 7). */
function interval(value: number, resampled: Float64Array, confidence: number): Interval {
  const sorted = resampled.toSorted();
  const at = (share: number): number => {
    const place = share * (sorted.length - 1);
    const [below, above] = [sorted[Math.floor(place)] as number, sorted[Math.ceil(place)] as number];
    return below === above ? below : below + (place - Math.floor(place)) * (above - below);
  };
  return { value, low: at((1 - confidence) / 2), high: at((1 + confidence) / 2) };
}

/**
 * Twice the smaller tail: the fraction of resamples whose difference has the opposite sign to the whole set's, with a
 * difference of 0 counted on both sides. Computed as (count + 1) / (draws + 1) (Davison & Hinkley 1997, chapter 4),
 * since no number of resamples can show a p-value of 0.
 */
function twoSided(differences: Float64Array): number {
  const count = (holds: (d: number) => boolean): number => differences.reduce((sum, d) => sum + (holds(d) ? 1 : 0), 0);
  const tail = Math.min(
    count((d) => d <= 0),
    count((d) => d >= 0),
  );
  return Math.min(1, (2 * (tail + 1)) / (differences.length + 1));
}
