import type { Resampler } from "./resample.ts";

/**
 * Adds a piece of a noise recording, scaled so that 10 log10(signal power / added noise power) is `snrDb`, where power
 * is the mean square over the whole utterance.
 *
 * @param noise at the same sample rate; repeated if shorter than the signal
 * @param position in [0, 1): where the piece starts, among the places where it fits without repeating, or anywhere if
 *   the recording has to be repeated
 * @returns `signal` itself if either is silent, since no scale gives the ratio then
 */
export function addNoise(signal: Float32Array, noise: Float32Array, position: number, snrDb: number): Float32Array {
  const places = noise.length > signal.length ? noise.length - signal.length + 1 : noise.length;
  const start = Math.floor(position * places);
  const piece = signal.map((_, i) => noise[(start + i) % noise.length] as number);
  const ratio = meanSquare(signal) / meanSquare(piece);
  if (!(ratio > 0 && ratio < Infinity)) return signal;
  const scale = Math.sqrt(ratio / 10 ** (snrDb / 10));
  return signal.map((sample, i) => sample + scale * (piece[i] as number));
}

function meanSquare(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return sum / samples.length;
}

/**
 * Speed perturbation (Ko et al. 2015): the waveform as if played at `factor` times its speed, which changes tempo and
 * pitch together. The samples are treated as recorded at rate · factor Hz (rounded) and resampled to the rate.
 *
 * @param rate in Hz
 * @param resampler kept by the caller, since loading a converter takes longer than using it
 * @returns `samplesAtSpeed` values; `samples` itself at factor 1
 */
export const changeSpeed = (
  samples: Float32Array,
  rate: number,
  factor: number,
  resampler: Resampler,
): Promise<Float32Array> => resampler.resample(samples, playedRate(rate, factor), rate);

/** Number of samples that `changeSpeed` returns for an input of this length. */
export const samplesAtSpeed = (samples: number, rate: number, factor: number): number =>
  Math.round((samples * rate) / playedRate(rate, factor));

const playedRate = (rate: number, factor: number): number => Math.round(rate * factor);

/**
 * Applies a gain in dB to the waveform. A gain that would lift the peak above 1 is lowered to avoid clipping, at most
 * to none.
 */
export function changeVolume(samples: Float32Array, gainDb: number): Float32Array {
  let peak = 0;
  for (const sample of samples) peak = Math.max(peak, Math.abs(sample));
  const wanted = 10 ** (gainDb / 20);
  const gain = wanted > 1 && peak * wanted > 1 ? Math.max(1, 1 / peak) : wanted;
  return samples.map((sample) => sample * gain);
}
