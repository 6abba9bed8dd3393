import type { ManifestEntry } from "../manifest/manifest.ts";

/** What corpora write into transcripts where there is no word: `<unk>`, `[background noise]`, `[[skip]]`, `{laugh}`. */
const MARKS = /<[^<>\s]([^<>]*[^<>\s])?>|\[+[^[\]\s]([^[\]]*[^[\]\s])?\]+|\{[^{}\s]([^{}]*[^{}\s])?\}/gu;

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
