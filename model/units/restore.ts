import { UserError } from "../../engine/errors.ts";
import { CharacterUnits } from "./characters.ts";
import { SubwordUnits } from "./subword.ts";
import type { Units } from "./units.ts";
import { VocabularyUnits } from "./vocabulary.ts";

/**
 * Restores any kind of units from `toJSON` output, as stored in a checkpoint.
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

/** How the second units differ from the first, such as `it has 300 classes instead of 400`; null if they are equal. */
export function unitsDifference(before: Units, now: Units): string | null {
  if (now.kind !== before.kind) return `its units are ${now.kind} instead of ${before.kind}`;
  if (now.size !== before.size) return `it has ${now.size} classes instead of ${before.size}`;
  if (now.blank !== before.blank) return `its blank is class ${now.blank} instead of ${before.blank}`;
  for (let label = 0; label < now.size; label++) {
    if (label === now.blank) continue;
    const [text, was] = [now.piece(label).text, before.piece(label).text];
    if (text !== was) return `class ${label} is '${text}' instead of '${was}'`;
  }
  return settingsOf(now) === settingsOf(before)
    ? null
    : "it has the same classes, but splits texts into them differently";
}

/** Everything that affects how a text is encoded, as JSON with sorted keys. */
function settingsOf(units: Units): string {
  const json = JSON.parse(JSON.stringify(units)) as { tokenizer?: Record<string, unknown>; lowerCase?: boolean };
  if (!json.tokenizer) return JSON.stringify(json.lowerCase ?? null); // character units are defined by their classes alone
  const { added_tokens, normalizer, pre_tokenizer, model } = json.tokenizer;
  const inOrder = (_: string, value: unknown): unknown =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value;
  return JSON.stringify({ added_tokens, normalizer, pre_tokenizer, model }, inOrder);
}
