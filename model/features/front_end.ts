import { createFbank, type FbankOptions, type Features } from "./fbank.ts";
import { normaliseWaveform } from "./waveform.ts";

/** How to turn a waveform into a model's input. Plain data, so that it can be sent to worker threads. */
export type FrontEndSettings =
  | { readonly kind: "fbank"; readonly fbank: Partial<FbankOptions> }
  | {
      readonly kind: "waveform";
      /** Hz. */
      readonly sampleRate: number;
      /** Normalise each utterance to mean 0 and variance 1. */
      readonly normalise: boolean;
    };

/** Turns a waveform into a model's input frames. */
export interface FrontEnd {
  readonly settings: FrontEndSettings;
  /** Sample rate of the waveforms in Hz. */
  readonly sampleRate: number;
  /** Values per frame. */
  readonly bins: number;
  /** Samples from one frame to the next. */
  readonly frameShift: number;
  /** Samples in one frame. */
  readonly frameLength: number;
  /** Whether frames are normalised with a training set's mean and variance. */
  readonly takesCmvn: boolean;
  /** Everything that frames depend on besides the waveform, as a key for a disk cache; null: not worth caching, as large as the audio. */
  readonly cacheKey: Readonly<Record<string, number | boolean>> | null;
  /** Number of frames in a waveform of `samples` samples. */
  frameCount(samples: number): number;
  /** waveform `[samples]` in [-1, 1) -> frames `[frames, bins]`. */
  compute(waveform: Float32Array): Features;
}

/**
 * Creates a front end: log-mel features, or the samples themselves.
 *
 * @throws UserError for invalid filter bank options
 */
export function createFrontEnd(settings: FrontEndSettings): FrontEnd {
  return settings.kind === "fbank" ? logMel(settings) : samples(settings);
}

function logMel(settings: FrontEndSettings & { kind: "fbank" }): FrontEnd {
  const { options, frameCount, compute } = createFbank(settings.fbank);
  const { sampleRate, bins, frameShiftMs, frameLengthMs } = options;
  const frameShift = Math.trunc((sampleRate * frameShiftMs) / 1000);
  const frameLength = Math.trunc((sampleRate * frameLengthMs) / 1000);
  return {
    settings,
    sampleRate,
    bins,
    frameShift,
    frameLength,
    takesCmvn: true,
    cacheKey: { ...options },
    frameCount,
    compute,
  };
}

/** Every sample is a frame. */
function samples(settings: FrontEndSettings & { kind: "waveform" }): FrontEnd {
  const { sampleRate, normalise } = settings;
  const compute = (waveform: Float32Array): Features => ({
    frames: waveform.length,
    bins: 1,
    values: normalise ? normaliseWaveform(waveform) : waveform,
  });
  return {
    settings,
    sampleRate,
    bins: 1,
    frameShift: 1,
    frameLength: 1,
    takesCmvn: false,
    cacheKey: null,
    frameCount: (count) => count,
    compute,
  };
}
