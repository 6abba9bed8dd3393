import { createFbank, type FbankOptions, type Features } from "./fbank.ts";
import { normaliseWaveform } from "./waveform.ts";

/** How a waveform becomes what a model reads: plain data, so that threads can be told. */
export type FrontEndSettings =
  | { readonly kind: "fbank"; readonly fbank: Partial<FbankOptions> }
  | {
      readonly kind: "waveform";
      /** Hz. */
      readonly sampleRate: number;
      /** Each utterance with mean 0 and variance 1. */
      readonly normalise: boolean;
    };

/** From a waveform to the input frames of a model. Everything that depends on the kind of input is decided here. */
export interface FrontEnd {
  readonly settings: FrontEndSettings;
  /** Hz; waveforms have this rate. */
  readonly sampleRate: number;
  /** Values of a frame. */
  readonly bins: number;
  /** Samples from one frame to the next. */
  readonly frameShift: number;
  /** Samples that one frame is made of. */
  readonly frameLength: number;
  /** Whether frames are normalised with a training set's mean and variance. */
  readonly takesCmvn: boolean;
  /** All that frames depend on besides the waveform, where they are worth keeping on disk; null: as large as the audio itself. */
  readonly cacheKey: Readonly<Record<string, number | boolean>> | null;
  /** Frames of a waveform of so many samples. */
  frameCount(samples: number): number;
  /** waveform `[samples]` in [-1, 1) -> frames `[frames, bins]`. */
  compute(waveform: Float32Array): Features;
}

/**
 * Prepares a front end: log-mel features, or the samples themselves.
 *
 * @throws UserError if the options make no filter bank
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

/** A frame is a sample. */
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
