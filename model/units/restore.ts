import { CharacterUnits } from "./characters.ts";
import { SubwordUnits } from "./subword.ts";
import type { Units } from "./units.ts";

/**
 * Reads what `toJSON` of any units gave, as a checkpoint keeps it.
 *
 * @param source the file it comes from, for the message
 * @throws UserError if it is anything else
 */
export function unitsFromJSON(json: unknown, source = "units"): Units {
  const isSubword = typeof json === "object" && json !== null && "tokenizer" in json;
  return isSubword ? SubwordUnits.fromJSON(json, source) : CharacterUnits.fromJSON(json, source);
}
