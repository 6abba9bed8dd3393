import { UserError } from "../../engine/errors.ts";
import { CharacterUnits } from "./characters.ts";
import { SubwordUnits } from "./subword.ts";
import type { Units } from "./units.ts";
import { VocabularyUnits } from "./vocabulary.ts";

/**
 * Reads what `toJSON` of any units gave, as a checkpoint keeps it.
 *
 * @param source the file it comes from, for the message
 * @throws UserError if it is anything else
 */
export function unitsFromJSON(json: unknown, source = "units"): Units {
  if (json === null)
    throw new UserError(
      `${source} is an encoder without output units: a run can start from it (init), but it writes no text before it is trained to`,
    );
  const has = (key: string): boolean => typeof json === "object" && json !== null && key in json;
  if (has("tokenizer")) return SubwordUnits.fromJSON(json, source);
  return has("vocabulary") ? VocabularyUnits.fromJSON(json, source) : CharacterUnits.fromJSON(json, source);
}
