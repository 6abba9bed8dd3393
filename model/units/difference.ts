import { isDeepStrictEqual } from "node:util";
import type { Units } from "./units.ts";

/** What the second units have otherwise than the first, as `it has 300 classes instead of 400`; null where both are the same. */
export function unitsDifference(before: Units, now: Units): string | null {
  if (now.kind !== before.kind) return `its units are ${now.kind} instead of ${before.kind}`;
  if (now.size !== before.size) return `it has ${now.size} classes instead of ${before.size}`;
  if (now.blank !== before.blank) return `its blank is class ${now.blank} instead of ${before.blank}`;
  for (let label = 0; label < now.size; label++) {
    if (label === now.blank) continue;
    const [text, was] = [now.piece(label).text, before.piece(label).text];
    if (text !== was) return `class ${label} is '${text}' instead of '${was}'`;
  }
  return isDeepStrictEqual(settingsOf(now), settingsOf(before))
    ? null
    : "it has the same classes, but cuts texts into them otherwise";
}

/** All that decides how a text is encoded. */
function settingsOf(units: Units): unknown {
  const json = JSON.parse(JSON.stringify(units)) as { tokenizer?: Record<string, unknown>; lowerCase?: boolean };
  if (!json.tokenizer) return json.lowerCase ?? null; // of characters the classes are all
  const { added_tokens, normalizer, pre_tokenizer, model } = json.tokenizer;
  return { added_tokens, normalizer, pre_tokenizer, model };
}
