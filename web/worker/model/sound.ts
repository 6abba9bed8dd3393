import type { TrainConfig } from "../../../config/config.ts";
import { buildFrontEnd } from "../../../config/front_end.ts";
import { createFrontEnd } from "../../../model/features/front_end.ts";
import type { SoundReport } from "../../protocol.ts";

/** Mel filters shown for a model that reads samples. */
const BINS = 40;

/** Log-mel features of a waveform: those that the model reads or, of a model on samples, common ones for the eye. */
export function reportSound(config: TrainConfig, waveform: Float32Array): SoundReport {
  const own = buildFrontEnd(config);
  const read = own.bins > 1;
  const { sampleRate } = own;
  const { frameShift, compute } = read ? own : createFrontEnd({ kind: "fbank", fbank: { sampleRate, bins: BINS } });
  return { ...compute(waveform), read, secondsPerFrame: frameShift / sampleRate };
}
