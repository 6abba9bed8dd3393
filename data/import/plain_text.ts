import { lowerCase, normaliseText } from "../../model/units/normal_form.ts";
import { withoutMarks } from "../text/marks.ts";

export interface TextOptions {
  readonly lowercase: boolean;
  /** False removes punctuation and symbols, except those that words are spelled with: see `PUNCTUATION`. */
  readonly punctuation: boolean;
  /** Remove `<unk>`, `[noise]` and other marks of what is no word. */
  readonly removeMarks?: boolean;
}

/** Apostrophe, hyphen, the dot of Catalan "col·lecció", geresh and gershayim of Hebrew: part of a word between letters or digits. */
const WITHIN = "['\\-\u00B7\u05F3\u05F4]";

/** What follows a symbol and belongs to it: marks, and what joins and tags emoji. */
const ATTACHED = "[\\p{M}\\u200D\\u{E0020}-\\u{E007F}]*";

/**
 * Punctuation and symbols with the marks on them (as in emoji); apostrophes, hyphens and their like only where they are not between
 * letters or digits. A letter may end with marks of its own: vowels of Indic scripts, accents that have no composed form.
 */
const PUNCTUATION = new RegExp(
  `(?<![\\p{L}\\p{N}]\\p{M}*)${WITHIN}\\p{M}*|${WITHIN}(?![\\p{L}\\p{N}])\\p{M}*|(?!${WITHIN})[\\p{P}\\p{S}]${ATTACHED}`,
  "gu",
);

/** Other characters of apostrophes and hyphens: U+2019 is usually an apostrophe, U+2011 is a hyphen at which no line ends. */
const spelledPlainly = (text: string): string =>
  text.replaceAll(/[\u2019\uFF07]/gu, "'").replaceAll(/[\u2010\u2011]/gu, "-");

/** Normalises a text for a manifest: composed characters, single spaces, and as the options say. */
export function cleanText(text: string, { lowercase, punctuation, removeMarks }: TextOptions): string {
  const words = removeMarks ? withoutMarks(text) : text;
  const kept = punctuation ? words : spelledPlainly(words).replace(PUNCTUATION, " ");
  return normaliseText(lowercase ? lowerCase(kept) : kept);
}
