import { lowerCase, normaliseText } from "../../model/units/normal_form.ts";
import { withoutMarks } from "../text/marks.ts";

export interface TextOptions {
  readonly lowercase: boolean;
  /** False removes punctuation and symbols, except apostrophes and hyphens within words. */
  readonly punctuation: boolean;
  /** Remove `<unk>`, `[noise]` and other marks of what is no word. */
  readonly removeMarks?: boolean;
}

/**
 * Punctuation and symbols with the marks on them (as in emoji); apostrophes and hyphens only where they are not between letters or
 * digits. A letter may end with marks of its own: vowels of Indic scripts, accents that have no composed form.
 */
const PUNCTUATION = /(?<![\p{L}\p{N}]\p{M}*)['-]\p{M}*|['-](?![\p{L}\p{N}])\p{M}*|(?!['-])[\p{P}\p{S}]\p{M}*/gu;

/** Normalises a text for a manifest: composed characters, single spaces, and as the options say. */
export function cleanText(text: string, { lowercase, punctuation, removeMarks }: TextOptions): string {
  const words = removeMarks ? withoutMarks(text) : text;
  const kept = punctuation ? words : words.replaceAll("\u2019", "'").replace(PUNCTUATION, " "); // U+2019 is usually an apostrophe
  return normaliseText(lowercase ? lowerCase(kept) : kept);
}
