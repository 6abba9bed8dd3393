import { normalizeText } from "../manifest/manifest.ts";

export interface TextOptions {
  readonly lowercase: boolean;
  /** False takes marks and symbols away, except apostrophes and hyphens within words. */
  readonly punctuation: boolean;
}

/** Marks and symbols, but of apostrophes and hyphens only those that are not between letters or digits. */
const PUNCTUATION = /(?<![\p{L}\p{N}])['-]|['-](?![\p{L}\p{N}])|(?!['-])[\p{P}\p{S}]/gu;

/** A text as a manifest should have it: composed, single spaces, and as the options say. */
export function cleanText(text: string, { lowercase, punctuation }: TextOptions): string {
  const kept = punctuation ? text : text.replaceAll("\u2019", "'").replace(PUNCTUATION, " "); // U+2019 is most often an apostrophe
  return normalizeText(lowercase ? kept.toLowerCase() : kept);
}
