import { resample } from "../audio/resample.ts";

/**
 * Speed perturbation (Ko et al. 2015): the waveform as if played at `factor` times its speed, which changes tempo and pitch
 * together. The samples are taken as recorded at rate · factor Hz (rounded) and converted to the rate.
 *
 * @param rate in Hz
 * @returns `samplesAtSpeed` values; `samples` itself at factor 1
 */
export const changeSpeed = (samples: Float32Array, rate: number, factor: number): Promise<Float32Array> =>
  resample(samples, playedRate(rate, factor), rate);

/** How many samples `changeSpeed` makes of so many. */
export const samplesAtSpeed = (samples: number, rate: number, factor: number): number =>
  Math.round((samples * rate) / playedRate(rate, factor));

const playedRate = (rate: number, factor: number): number => Math.round(rate * factor);
