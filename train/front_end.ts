import { createFrontEnd, type FrontEnd } from "../model/features/front_end.ts";
import type { TrainConfig } from "./config.ts";

/** What turns audio into the model's input, by a config. */
export function buildFrontEnd({ data: { sampleRate }, features }: TrainConfig): FrontEnd {
  if (features.kind === "waveform")
    return createFrontEnd({ kind: "waveform", sampleRate, normalise: features.normalise });
  const { bins, frameLengthMs, frameShiftMs, lowFreq, highFreq } = features;
  return createFrontEnd({
    kind: "fbank",
    fbank: { sampleRate, bins, frameLengthMs, frameShiftMs, lowFrequency: lowFreq, highFrequency: highFreq },
  });
}
