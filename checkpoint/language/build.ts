import type { Device } from "../../engine/device.ts";
import type { Units } from "../../model/units/units.ts";
import { TransformerLm } from "../../model/language/transformer_lm.ts";
import { languageModelConfig, type LmTrainConfig } from "../../config/language/config.ts";
import { allocated, declared, type BuildOptions, type Built } from "../build_model.ts";

export type BuiltLanguageModel = Built<TransformerLm>;

type UnitSizes = Pick<Units, "size" | "blank">;

/** Declares a config's language model without allocating it. */
export const declareLanguageModel = (
  config: LmTrainConfig,
  units: UnitSizes,
  { lossScaled }: { readonly lossScaled: boolean },
): BuiltLanguageModel =>
  declared((parameters) => new TransformerLm(parameters, languageModelConfig(config, units)), lossScaled);

/** Builds a config's language model, with freshly drawn parameters unless `restored`. */
export const buildLanguageModel = (
  device: Device,
  config: LmTrainConfig,
  units: UnitSizes,
  options: Omit<BuildOptions, "blank">,
): BuiltLanguageModel =>
  allocated(device, config, options, (lossScaled) => declareLanguageModel(config, units, { lossScaled }));
