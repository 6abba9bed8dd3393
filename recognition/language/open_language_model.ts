import type { Device } from "../../engine/device.ts";
import { UserError } from "../../engine/errors.ts";
import type { TransformerLm } from "../../model/language/transformer_lm.ts";
import { unitsDifference, unitsFromJSON } from "../../model/units/restore.ts";
import type { Units } from "../../model/units/units.ts";
import { restoreLanguageModelConfig, type LmTrainConfig } from "../../config/language/config.ts";
import { restoreParameters } from "../../checkpoint/checkpoint.ts";
import { loadLanguageModel } from "../../checkpoint/checkpoint_file.ts";
import { buildLanguageModel } from "../../checkpoint/language/build.ts";

/** A trained language model. */
export interface OpenedLanguageModel {
  readonly path: string;
  readonly model: TransformerLm;
  readonly units: Units;
  readonly config: LmTrainConfig;
}

/** Loads a language model's checkpoint file or run folder. Throws UserError if it is something else. */
export function openLanguageModel(device: Device, given: string): OpenedLanguageModel {
  const checkpoint = loadLanguageModel(given);
  try {
    const { path, state } = checkpoint;
    const config = restoreLanguageModelConfig(state.config, path);
    const units = unitsFromJSON(state.units, path);
    const { model, parameters } = buildLanguageModel(device, config, units, { optimizer: false, restored: true });
    restoreParameters(checkpoint, parameters, { moments: false });
    return { path, model, units, config };
  } finally {
    checkpoint.close();
  }
}

/** Throws UserError, saying which units differ, unless a language model has those of the recogniser. */
export function expectSameUnits({ path, units }: Pick<OpenedLanguageModel, "path" | "units">, recogniser: Units): void {
  const difference = unitsDifference(recogniser, units);
  if (difference !== null)
    throw new UserError(`${path} is a language model of other units than the recogniser's: ${difference}`);
}
