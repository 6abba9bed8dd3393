import { UserError } from "../engine/errors.ts";
import { conformerDefaults, type ConformerConfig } from "../model/conformer/config.ts";
import { conformerFrames } from "../model/conformer/conformer_ctc.ts";
import type { FrameCounts } from "../model/ctc_model.ts";
import { decoderDefaults, type DecoderConfig } from "../model/decoder/attention_decoder.ts";
import { wav2vec2Frames } from "../model/wav2vec2/wav2vec2_ctc.ts";
import { decoderSchedule, depthsWithNorms } from "./depths.ts";
import { buildFrontEnd } from "./front_end.ts";
import type { TrainConfig } from "./plain.ts";

/** The frame counts of a config's model. */
export const modelFrames = ({ model }: TrainConfig): FrameCounts =>
  model.kind === "conformer" ? conformerFrames({ ...conformerDefaults, ...model }) : wav2vec2Frames(model);

/**
 * The Conformer settings of a config, with the defaults filled in. Throws UserError for another kind of model.
 *
 * @param units number of output units, including the blank. With a decoder, one class more starts and ends a sentence: CTC has it
 *   too, as in ESPnet, and never learns to say it.
 */
export function conformerConfig(config: TrainConfig, units: number, blank: number): ConformerConfig {
  const { model } = config;
  if (model.kind !== "conformer") throw new UserError(`expected a Conformer, but model.kind is ${model.kind}`);
  return {
    ...conformerDefaults,
    ...model,
    inputDim: buildFrontEnd(config).bins,
    vocabulary: model.decoder ? units + 1 : units,
    blank,
    normDepths: depthsWithNorms(config),
  };
}

/** The settings of a config's decoder, with the defaults filled in; undefined without one. */
export function decoderConfig(config: TrainConfig): Omit<DecoderConfig, "vocabulary" | "dim"> | undefined {
  const { model } = config;
  if (model.kind !== "conformer" || !model.decoder) return undefined;
  const { layerNormEps } = decoderDefaults;
  return { layerNormEps, ...model.decoder, unfold: (depth) => decoderSchedule(config, depth) };
}

/** Whether a config's model has an attention decoder beside CTC. */
export const hasDecoder = (config: TrainConfig): boolean => decoderConfig(config) !== undefined;
