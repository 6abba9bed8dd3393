import path from "node:path";
import { checkLanguageModelConfig, type LmTrainConfig } from "../../config/language/config.ts";
import { parseDraft } from "../../config/draft.ts";
import { inputName } from "../../data/files/input.ts";
import { readConfigFile } from "../load_config.ts";

/**
 * Reads a language model's YAML config, applies `--set` overrides, validates everything and fills in defaults. Relative paths start
 * at the config's own folder, those of texts at `data.folder`.
 *
 * @param dataFolder value of `--data`, which replaces `data.folder`
 * @throws UserError as `loadConfig` does
 */
export function loadLanguageModelConfig(
  file: string,
  overrides: readonly string[] = [],
  dataFolder?: string,
): LmTrainConfig {
  const { value, sourceOf } = parseDraft(readConfigFile(file), inputName(file), overrides);
  const base = path.dirname(path.resolve(file));
  return checkLanguageModelConfig(value, { base, data: dataFolder, resolve: path.resolve }, sourceOf);
}
