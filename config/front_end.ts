import { UserError } from "../engine/errors.ts";
import { parseCmvn, type Cmvn } from "../model/features/cmvn.ts";
import { createFrontEnd, type FrontEnd } from "../model/features/front_end.ts";
import type { TrainConfig } from "./plain.ts";

/** Builds the front end that turns audio into the model's input. */
export function buildFrontEnd({ data: { sampleRate }, features }: TrainConfig): FrontEnd {
  if (features.kind === "waveform")
    return createFrontEnd({ kind: "waveform", sampleRate, normalise: features.normalise });
  const { bins, frameLengthMs, frameShiftMs, lowFreq, highFreq } = features;
  return createFrontEnd({
    kind: "fbank",
    fbank: { sampleRate, bins, frameLengthMs, frameShiftMs, lowFrequency: lowFreq, highFrequency: highFreq },
  });
}

/**
 * Restores a checkpoint's normalisation statistics; null if the front end takes none.
 *
 * @param cmvn parsed JSON from `serialiseCmvn`
 * @throws UserError if it is something else, or does not fit the config's features
 */
export function restoreCmvn(cmvn: unknown, config: TrainConfig, source: string): Cmvn | null {
  const { takesCmvn, bins } = buildFrontEnd(config);
  if (!takesCmvn) return null;
  const restored = parseCmvn(JSON.stringify(cmvn), source);
  if (restored.mean.length !== bins)
    throw new UserError(
      `${source}: the normalisation has ${restored.mean.length} bins, but the config's features have ${bins}`,
    );
  return restored;
}
