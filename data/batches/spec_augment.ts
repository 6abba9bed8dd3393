/**
 * SpecAugment: masks spans of time and bands of frequency (Park et al. 2019, without time warping; with the adaptive
 * size and number of Park et al. 2020, "SpecAugment on large scale datasets": a time mask covers at most a fraction of
 * the utterance, and longer utterances have more masks).
 */
import { hash, uniform } from "../../engine/random.ts";

export interface SpecAugmentConfig {
  /** Number of frequency masks, and the maximum width of one in bins. */
  freqMasks: number;
  freqWidth: number;
  /** Number of time masks, and the maximum width of one in frames. */
  timeMasks: number;
  timeWidth: number;
  /** Maximum fraction of the utterance, in [0, 1], that one time mask covers. */
  maxTimeRatio: number;
  /**
   * If positive, an utterance has floor(timeMaskRatio · frames) time masks, at most `timeMasks`; if 0, always
   * `timeMasks`.
   */
  timeMaskRatio: number;
}

// Hash purposes, so that time masks are independent of the number of frequency masks.
const FREQUENCY = 0;
const TIME = 1;

/**
 * Masks one utterance in place with 0, the mean of normalised features. Masks may overlap.
 *
 * @param features `[frames, bins]`, normalised
 * @param key integers that identify the masks, such as `[seed, epoch, utterance]`: the same key gives the same masks,
 *   so a resumed run repeats them
 */
export function specAugment(
  features: Float32Array,
  bins: number,
  config: SpecAugmentConfig,
  key: readonly number[],
): void {
  const frames = features.length / bins;
  if (!Number.isInteger(frames)) {
    throw new RangeError(`specAugment: features have ${features.length} values, expected whole frames of ${bins} bins`);
  }
  const seed = hash(...key);
  for (let m = 0; m < config.freqMasks; m++) {
    const [first, end] = drawSpan(bins, Math.min(config.freqWidth, bins), seed, FREQUENCY, m);
    for (let t = 0; t < frames; t++) features.fill(0, t * bins + first, t * bins + end);
  }
  const longest = Math.min(config.timeWidth, Math.floor(config.maxTimeRatio * frames));
  const masks =
    config.timeMaskRatio > 0 ? Math.min(config.timeMasks, Math.floor(config.timeMaskRatio * frames)) : config.timeMasks;
  for (let m = 0; m < masks; m++) {
    const [first, end] = drawSpan(frames, longest, seed, TIME, m);
    features.fill(0, first * bins, end * bins);
  }
}

/** A span inside [0, length) whose width is uniform in 0..widest and whose start is uniform among those that fit. */
function drawSpan(length: number, widest: number, ...key: number[]): [first: number, end: number] {
  const width = Math.floor(uniform(...key, 0) * (widest + 1));
  const first = Math.floor(uniform(...key, 1) * (length - width + 1));
  return [first, first + width];
}
