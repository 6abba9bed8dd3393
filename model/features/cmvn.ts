import { UserError } from "../../engine/errors.ts";
import type { Features } from "./fbank.ts";

/**
 * Cepstral mean and variance normalisation, here of log-mel bins: (x - mean) / deviation per bin, with statistics over all frames
 * of a training set (global) or of one utterance.
 */
export interface Cmvn {
  /** Number of frames in the statistics. */
  readonly frames: number;
  /** [bins] */
  readonly mean: Float64Array;
  /** [bins], population variance: divided by frames, not frames - 1. */
  readonly variance: Float64Array;
}

/** Prevents division by zero for a constant bin. */
const MIN_DEVIATION = 1e-10;

export function emptyCmvn(bins: number): Cmvn {
  return { frames: 0, mean: new Float64Array(bins), variance: new Float64Array(bins) };
}

/** The statistics with one more utterance added. */
export function accumulateCmvn(statistics: Cmvn, features: Features): Cmvn {
  expectBins("accumulateCmvn", features, statistics.mean.length);
  return mergeCmvn(statistics, utteranceCmvn(features));
}

/**
 * Merges the statistics of two sets of frames.
 *
 * Uses means and variances (Chan, Golub and LeVeque 1979), not sums of squares, which lose digits when a mean is far from zero:
 * δ = μb - μa, μ = μa + δ·nb/n, σ² = (na·σa² + nb·σb² + δ²·na·nb/n) / n.
 */
export function mergeCmvn(statistics: Cmvn, added: Cmvn): Cmvn {
  if (added.frames === 0) return statistics;
  const bins = statistics.mean.length;
  const frames = statistics.frames + added.frames;
  const share = added.frames / frames;
  const mean = new Float64Array(bins);
  const variance = new Float64Array(bins);
  for (let bin = 0; bin < bins; bin++) {
    const delta = (added.mean[bin] as number) - (statistics.mean[bin] as number);
    mean[bin] = (statistics.mean[bin] as number) + delta * share;
    variance[bin] =
      (1 - share) * (statistics.variance[bin] as number) +
      share * (added.variance[bin] as number) +
      delta ** 2 * share * (1 - share);
  }
  return { frames, mean, variance };
}

/** Statistics of one utterance; zeros if it has no frames. */
export function utteranceCmvn({ frames, bins, values }: Features): Cmvn {
  const mean = new Float64Array(bins);
  const variance = new Float64Array(bins);
  for (let i = 0; i < values.length; i++) mean[i % bins] = (mean[i % bins] as number) + (values[i] as number) / frames;
  for (let i = 0; i < values.length; i++) {
    variance[i % bins] =
      (variance[i % bins] as number) + ((values[i] as number) - (mean[i % bins] as number)) ** 2 / frames;
  }
  return { frames, mean, variance };
}

/**
 * Returns normalised features [frames, bins], without modifying the input.
 *
 * @param normaliseVariance false: only subtract the mean
 */
export function applyCmvn(cmvn: Cmvn, features: Features, { normaliseVariance = true } = {}): Features {
  const { bins } = features;
  expectBins("applyCmvn", features, cmvn.mean.length);
  const scale = normaliseVariance ? cmvnScale(cmvn) : new Float64Array(bins).fill(1);
  const values = new Float32Array(features.values.length);
  for (let i = 0; i < values.length; i++) {
    values[i] = ((features.values[i] as number) - (cmvn.mean[i % bins] as number)) * (scale[i % bins] as number);
  }
  return { ...features, values };
}

/** The factor for a centred bin: 1 / deviation, `[bins]`. */
export const cmvnScale = ({ variance }: Cmvn): Float64Array =>
  variance.map((square) => 1 / Math.max(Math.sqrt(square), MIN_DEVIATION));

export function serialiseCmvn({ frames, mean, variance }: Cmvn): string {
  return `${JSON.stringify({ frames, mean: [...mean], variance: [...variance] }, null, 1)}\n`;
}

/**
 * Parses the output of serialiseCmvn.
 *
 * @param name the file's name in messages
 * @throws UserError if it is something else
 */
export function parseCmvn(json: string, name: string): Cmvn {
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch {
    throw new UserError(`${name} is not valid JSON.`);
  }
  const { frames, mean, variance } = (parsed ?? {}) as Record<string, unknown>;
  if (typeof frames !== "number" || !isNumbers(mean) || !isNumbers(variance) || mean.length !== variance.length) {
    throw new UserError(
      `${name} does not hold normalisation statistics: expected frames, and mean and variance of equal length.`,
    );
  }
  return { frames, mean: Float64Array.from(mean), variance: Float64Array.from(variance) };
}

function isNumbers(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((entry) => typeof entry === "number");
}

function expectBins(operation: string, features: Features, bins: number): void {
  if (features.bins !== bins)
    throw new UserError(`${operation}: the statistics have ${bins} bins, but the features have ${features.bins}.`);
}
