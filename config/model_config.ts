import { UserError } from "../engine/errors.ts";
import { conformerDefaults, type ConformerConfig } from "../model/conformer/config.ts";
import { conformerFrames } from "../model/conformer/conformer_ctc.ts";
import type { FrameCounts } from "../model/ctc_model.ts";
import { wav2vec2Frames } from "../model/wav2vec2/wav2vec2_ctc.ts";
import { depthsWithNorms } from "./depths.ts";
import { buildFrontEnd } from "./front_end.ts";
import type { TrainConfig } from "./plain.ts";

/** The frame counts of a config's model. */
export const modelFrames = ({ model }: TrainConfig): FrameCounts =>
  model.kind === "conformer" ? conformerFrames({ ...conformerDefaults, ...model }) : wav2vec2Frames(model);

/** The Conformer settings of a config, with the defaults filled in. Throws UserError for another kind of model. */
export function conformerConfig(config: TrainConfig, vocabulary: number, blank: number): ConformerConfig {
  const { model } = config;
  if (model.kind !== "conformer") throw new UserError(`expected a Conformer, but model.kind is ${model.kind}`);
  return {
    ...conformerDefaults,
    ...model,
    inputDim: buildFrontEnd(config).bins,
    vocabulary,
    blank,
    normDepths: depthsWithNorms(config),
  };
}
