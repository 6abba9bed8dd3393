import { UserError } from "../../engine/errors.ts";
import { copyFrame, frameCount, type Framing, poveyWindow } from "./framing.ts";
import { melFilters, type MelFilter } from "./mel_filters.ts";
import { createPowerSpectrum } from "./power_spectrum.ts";

/** Options of Kaldi's compute-fbank-feats, under this project's names. */
export interface FbankOptions {
  /** Hz. */
  readonly sampleRate: number;
  /** Number of mel filters. */
  readonly bins: number;
  readonly frameLengthMs: number;
  readonly frameShiftMs: number;
  /** Pre-emphasis: the share of the previous sample to subtract from each one. */
  readonly preemphasis: number;
  /** Hz. */
  readonly lowFrequency: number;
  /** Hz; 0 or less counts down from the Nyquist frequency. */
  readonly highFrequency: number;
  /** true: only whole frames. false: one frame per shift, with the waveform reflected at its ends. */
  readonly snipEdges: boolean;
  /** Factor from waveforms in [-1, 1) to Kaldi's 16-bit integer range. 1 matches torchaudio on floats. */
  readonly scale: number;
}

export const kaldiFbank: FbankOptions = {
  sampleRate: 16000,
  bins: 80,
  frameLengthMs: 25,
  frameShiftMs: 10,
  preemphasis: 0.97,
  lowFrequency: 20,
  highFrequency: 0,
  snipEdges: true,
  scale: 32768,
};

/** Log-mel features: `values` is [frames, bins], row-major. */
export interface Features {
  readonly frames: number;
  readonly bins: number;
  readonly values: Float32Array;
}

/** A filter bank with everything independent of the waveform precomputed: window, filters, FFT tables. */
export interface Fbank {
  readonly options: FbankOptions;
  /** Number of frames in a waveform of `samples` samples. */
  frameCount(samples: number): number;
  /** waveform [samples] in [-1, 1) -> log-mel features [frames, bins]. */
  compute(waveform: Float32Array): Features;
  /** Like `compute`, with intermediate stages in float64: windowed frames [frames, frameLength], power spectra [frames, fftLength / 2 + 1]. */
  computeStages(waveform: Float32Array): Features & { readonly windowed: Float64Array; readonly power: Float64Array };
}

/** Floor for energies, float32's epsilon as in Kaldi: a silent frame gives log(2^-23) = -15.94, not -infinity. */
const ENERGY_FLOOR = 2 ** -23;

/**
 * Kaldi-compatible log-mel features, computed in float64. Per frame: subtract the mean, pre-emphasis, Povey window, power spectrum,
 * mel filters, natural logarithm. No dither, so the same sound always gives the same features.
 *
 * @throws UserError for invalid options
 */
export function createFbank(given: Partial<FbankOptions> = {}): Fbank {
  const options = { ...kaldiFbank, ...given };
  const { sampleRate, bins, preemphasis, scale } = options;
  const framing: Framing = {
    frameLength: Math.trunc((sampleRate * options.frameLengthMs) / 1000),
    frameShift: Math.trunc((sampleRate * options.frameShiftMs) / 1000),
    snipEdges: options.snipEdges,
  };
  const { frameLength } = framing;
  const nyquist = sampleRate / 2;
  const highFrequency = options.highFrequency > 0 ? options.highFrequency : nyquist + options.highFrequency;
  check(options, framing, highFrequency);

  const fftLength = 2 ** Math.ceil(Math.log2(frameLength));
  const window = poveyWindow(frameLength);
  const filters = melFilters({ sampleRate, fftLength, bins, lowFrequency: options.lowFrequency, highFrequency });
  const powerSpectrum = createPowerSpectrum(fftLength);
  const frame = new Float64Array(frameLength);
  const power = new Float64Array(fftLength / 2 + 1);

  type Watch = (t: number, windowed: Float64Array, power: Float64Array) => void;
  const run = (waveform: Float32Array, watch?: Watch): Features => {
    const frames = frameCount(waveform.length, framing);
    const values = new Float32Array(frames * bins);
    for (let t = 0; t < frames; t++) {
      copyFrame(waveform, t, framing, scale, frame);
      removeMean(frame);
      emphasiseAndWindow(frame, preemphasis, window);
      powerSpectrum(frame, power);
      watch?.(t, frame, power);
      logMel(power, filters, values.subarray(t * bins, (t + 1) * bins));
    }
    return { frames, bins, values };
  };

  return {
    options,
    frameCount: (samples) => frameCount(samples, framing),
    compute: (waveform) => run(waveform),
    computeStages: (waveform) => {
      const frames = frameCount(waveform.length, framing);
      const stages = {
        windowed: new Float64Array(frames * frameLength),
        power: new Float64Array(frames * power.length),
      };
      const features = run(waveform, (t, windowed, spectrum) => {
        stages.windowed.set(windowed, t * frameLength);
        stages.power.set(spectrum, t * power.length);
      });
      return { ...features, ...stages };
    },
  };
}

/** Log-mel features [frames, bins] of one waveform [samples] in [-1, 1). For many waveforms, reuse one createFbank. */
export function fbank(samples: Float32Array, options: Partial<FbankOptions> = {}): Features {
  return createFbank(options).compute(samples);
}

function removeMean(frame: Float64Array): void {
  let sum = 0;
  for (const sample of frame) sum += sample;
  const mean = sum / frame.length;
  for (let i = 0; i < frame.length; i++) frame[i] = (frame[i] as number) - mean;
}

/** (frame[i] - preemphasis·frame[i - 1]) times the window, with frame[-1] = frame[0]. */
function emphasiseAndWindow(frame: Float64Array, preemphasis: number, window: Float64Array): void {
  let before = frame[0] as number;
  for (let i = 0; i < frame.length; i++) {
    const sample = frame[i] as number;
    frame[i] = (sample - preemphasis * before) * (window[i] as number);
    before = sample;
  }
}

/** power [fftLength / 2 + 1] -> row [bins]. */
function logMel(power: Float64Array, filters: readonly MelFilter[], row: Float32Array): void {
  for (const [bin, { firstBin, weights }] of filters.entries()) {
    let energy = 0;
    for (let i = 0; i < weights.length; i++) energy += (weights[i] as number) * (power[firstBin + i] as number);
    row[bin] = Math.log(Math.max(energy, ENERGY_FLOOR));
  }
}

function check(
  { sampleRate, bins, lowFrequency }: FbankOptions,
  { frameLength, frameShift }: Framing,
  highFrequency: number,
): void {
  if (!Number.isInteger(bins) || bins < 1)
    throw new UserError(`fbank: bins must be a whole number from 1, got ${bins}.`);
  if (!(frameLength >= 2) || !(frameShift >= 1)) {
    throw new UserError(
      `fbank: frames need at least 2 samples and a shift of at least 1, got ${frameLength} and ${frameShift} at ${sampleRate} Hz.`,
    );
  }
  if (!(lowFrequency >= 0 && lowFrequency < highFrequency && highFrequency <= sampleRate / 2)) {
    throw new UserError(
      `fbank: expected 0 <= lowFrequency < highFrequency <= ${sampleRate / 2} Hz, got ${lowFrequency} and ${highFrequency}.`,
    );
  }
}
