import { UserError } from "../engine/errors.ts";
import type { Parameters } from "../engine/parameters.ts";
import { conformerDefaults, type ConformerConfig } from "../model/config.ts";
import { ConformerCtc } from "../model/conformer_ctc.ts";
import type { CtcModel } from "../model/ctc_model.ts";
import { Wav2Vec2Ctc } from "../model/wav2vec2/wav2vec2_ctc.ts";
import type { TrainConfig } from "./config.ts";
import { buildFrontEnd } from "./front_end.ts";
import { depthsWithNorms } from "./trained_depths.ts";

/**
 * The model of a config, which declares its parameters.
 *
 * @param vocabulary output classes, the blank included
 * @param blank      class of the blank
 */
export function createModel(parameters: Parameters, config: TrainConfig, vocabulary: number, blank: number): CtcModel {
  if (config.model.kind === "conformer")
    return new ConformerCtc(parameters, conformerConfig(config, vocabulary, blank));
  return new Wav2Vec2Ctc(parameters, { ...config.model, inputDim: 1, vocabulary, blank });
}

/** What a config says of a Conformer itself, and its conventions. Throws UserError for another kind of model. */
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
