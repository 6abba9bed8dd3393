import type { ManifestEntry } from "../manifest/manifest.ts";

/**
 * One or two words between angle brackets, after no letter or digit, and not beginning like a number or an operator:
 * two comparisons ("a <b then c> d") have a word more or a comma between them. Scripts that write words without spaces
 * may have a mark in Latin letters directly behind a word.
 */
const ANGLE = (() => {
  const unspaced = ["Han", "Hira", "Kana", "Thai", "Lao", "Khmr", "Mymr"]
    .map((script) => `\\p{scx=${script}}`)
    .join("");
  const inside = "[^<>\\s,;]";
  const latin = "[A-Za-z/|][A-Za-z0-9_/|-]*";
  return `(?<![\\p{L}\\p{M}\\p{N}])<[\\p{L}/*!?#%_|]${inside}*(?:(?<![.:!?])\\s+${inside}+)?>|(?<=[${unspaced}])<${latin}>`;
})();

/** Anything between brackets, which may have a pair of the same within: `[[skip]]`. */
const balanced = (open: string, close: string): string => {
  const other = `[^\\${open}\\${close}]`;
  return `\\${open}(?!\\s)(?:${other}|\\${open}${other}+\\${close})+(?<!\\s)\\${close}`;
};

/** What corpora write into transcripts where there is no word: `<unk>`, `[background noise]`, `[[skip]]`, `{laugh}`. */
const MARKS = new RegExp([ANGLE, balanced("[", "]"), balanced("{", "}")].join("|"), "gu");

/** The distinct marks of a text, in order of appearance. */
export const marksIn = (text: string): string[] => [...new Set(text.match(MARKS))];

export const withoutMarks = (text: string): string => text.replace(MARKS, " ");

/** A sentence about the texts that have marks, if any, and what to do about them. */
export function marksWarning(entries: readonly Pick<ManifestEntry, "text" | "source">[]): string | undefined {
  const marked = entries.filter(({ text }) => marksIn(text).length > 0);
  if (marked.length === 0) return undefined;
  const marks = [...new Set(marked.flatMap(({ text }) => marksIn(text)))];
  const named = marks.slice(0, 5).join(", ") + (marks.length > 5 ? ` and ${marks.length - 5} more` : "");
  return `${marked.length} of ${entries.length} texts have marks that are no words: ${named} (first in ${marked[0]?.source}); a model learns to spell them like words unless they are removed (unfold data import jsonl MANIFEST --remove-marks)`;
}
