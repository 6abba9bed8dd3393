import type { Units } from "../model/units/units.ts";
import type { Dataset } from "./dataset.ts";
import type { Manifest } from "./manifest/manifest.ts";
import { marksWarning } from "./text/marks.ts";
import { summariseSkipped } from "./manifest/validate.ts";

/**
 * Maximum number of warnings of a kind to list, since a large corpus can have a hundred thousand; `unfold data check`
 * lists all.
 */
const MOST_LISTED = 10;

/**
 * Warnings about a set, one sentence each: duplicates, audio of which something was left out or decided, durations that
 * disagree, utterances left out, and characters that are not units of the model, which it can only get wrong.
 */
export function dataWarnings(
  manifest: Manifest,
  set: Pick<Dataset, "warnings" | "remarks" | "skipped">,
  units: Units,
): string[] {
  const skipped = summariseSkipped(set.skipped, manifest.entries.length);
  return [
    ...first(manifest.warnings, "utterances repeat earlier ones and are dropped"),
    ...remarkWarnings(set.remarks),
    ...first(set.warnings, "durations are wrong"),
    ...(skipped ? [skipped] : []),
    ...[marksWarning(manifest.entries)].filter((warning) => warning !== undefined),
    ...unknownCharacters(manifest, set, units),
  ];
}

/** What reading audio had to decide or leave out, a sentence each. */
export const remarkWarnings = (remarks: readonly string[]): string[] => first(remarks, "files are read with a remark");

function first(warnings: readonly string[], others: string): string[] {
  const rest = warnings.length - MOST_LISTED;
  return rest > 0 ? [...warnings.slice(0, MOST_LISTED), `${rest} more ${others}`] : [...warnings];
}

function unknownCharacters({ entries }: Manifest, { skipped }: Pick<Dataset, "skipped">, units: Units): string[] {
  const leftOut = new Set(skipped.map(({ id }) => id)); // these do not count as errors
  const affected = entries
    .filter(({ id }) => !leftOut.has(id))
    .map(({ text, source }) => ({ unknown: units.unknownIn(text), source }))
    .filter(({ unknown }) => unknown.length > 0);
  if (affected.length === 0) return [];
  const characters = [...new Set(affected.flatMap(({ unknown }) => unknown))].map((character) => `'${character}'`);
  return [
    `${affected.length} of ${entries.length} texts have characters that the model does not know and counts as errors: ${characters.join(", ")} (first in ${affected[0]?.source})`,
  ];
}
