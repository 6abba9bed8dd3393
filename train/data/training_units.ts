import { UserError } from "../../engine/errors.ts";
import { CharacterUnits } from "../../model/units/characters.ts";
import { unitsDifference } from "../../model/units/difference.ts";
import { unitsFromJSON } from "../../model/units/restore.ts";
import type { Units } from "../../model/units/units.ts";
import type { Checkpoint } from "../checkpoint.ts";
import type { TrainConfig } from "../config.ts";
import { readTokenizer } from "../tokenizer/tokenizer_file.ts";
import { readVocabulary } from "../tokenizer/vocabulary_file.ts";

/**
 * The output units of a run: the characters of its training texts, or those of the config's tokenizer or vocabulary; those of
 * the checkpoint when resuming.
 *
 * @throws UserError if the file cannot be used, or is another one than the checkpoint's, with the first difference
 */
export function trainingUnits({ units: { kind, tokenizer, vocabulary } }: TrainConfig, texts: readonly string[], resumed: Checkpoint | undefined): Units {
  const given = tokenizer !== null ? readTokenizer(tokenizer) : vocabulary !== null ? readVocabulary(vocabulary) : undefined;
  if (!resumed && !given && kind === "vocabulary") throw new UserError("units.vocabulary is needed by kind vocabulary: the path of a vocab.json");
  if (!resumed) return given ?? CharacterUnits.fromTexts(texts);
  const units = unitsFromJSON(resumed.state.units, resumed.path);
  const difference = given && unitsDifference(units, given);
  if (difference != null) throw new UserError(`${tokenizer ?? vocabulary} is another ${kind === "bpe" ? "tokenizer" : "vocabulary"} than the one that ${resumed.path} was trained with: ${difference}`);
  return units;
}
