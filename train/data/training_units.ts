import { UserError } from "../../engine/errors.ts";
import { CharacterUnits } from "../../model/units/characters.ts";
import { unitsDifference } from "../../model/units/difference.ts";
import { unitsFromJSON } from "../../model/units/restore.ts";
import type { Units } from "../../model/units/units.ts";
import type { Checkpoint } from "../checkpoint.ts";
import type { TrainConfig } from "../config.ts";
import { readTokenizer } from "../tokenizer/tokenizer_file.ts";

/**
 * The output units of a run: the characters of its training texts, or the subwords of the config's tokenizer; those of the
 * checkpoint when resuming.
 *
 * @throws UserError if the tokenizer cannot be used, or is another one than the checkpoint's, with the first difference
 */
export function trainingUnits({ units: { tokenizer } }: TrainConfig, texts: readonly string[], resumed: Checkpoint | undefined): Units {
  const given = tokenizer === null ? undefined : readTokenizer(tokenizer);
  if (!resumed) return given ?? CharacterUnits.fromTexts(texts);
  const units = unitsFromJSON(resumed.state.units, resumed.path);
  const difference = given && unitsDifference(units, given);
  if (difference != null) throw new UserError(`${tokenizer} is another tokenizer than the one that ${resumed.path} was trained with: ${difference}`);
  return units;
}
