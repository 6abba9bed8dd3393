import { RunError } from "../../../engine/errors.ts";
import { applyCmvn } from "../../../model/features/cmvn.ts";
import type { Features } from "../../../model/features/fbank.ts";
import type { Recogniser } from "../../../recognition/recogniser.ts";

/**
 * What a model reads of a waveform `[samples]` at its front end's rate: normalised features.
 *
 * @throws RunError if the recording is too short to give an output frame
 */
export function modelInput({ model, frontEnd, cmvn }: Recogniser, waveform: Float32Array): Features {
  const features = frontEnd.compute(waveform);
  if (features.frames < model.minInputFrames) {
    const samples = frontEnd.frameLength + (model.minInputFrames - 1) * frontEnd.frameShift;
    throw new RunError(`the recording is too short: expected at least ${(samples / frontEnd.sampleRate).toFixed(2)} s`);
  }
  return cmvn ? applyCmvn(cmvn, features) : features;
}
