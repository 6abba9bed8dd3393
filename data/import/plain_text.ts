import { normaliseText } from "../manifest/manifest.ts";

export interface TextOptions {
  readonly lowercase: boolean;
  /** False removes punctuation and symbols, except apostrophes and hyphens within words. */
  readonly punctuation: boolean;
}

/** Punctuation and symbols; apostrophes and hyphens only where they are not between letters or digits. */
const PUNCTUATION = /(?<![\p{L}\p{N}])['-]|['-](?![\p{L}\p{N}])|(?!['-])[\p{P}\p{S}]/gu;

/** Normalises a text for a manifest: composed characters, single spaces, and as the options say. */
export function cleanText(text: string, { lowercase, punctuation }: TextOptions): string {
  const kept = punctuation ? text : text.replaceAll("\u2019", "'").replace(PUNCTUATION, " "); // U+2019 is usually an apostrophe
  return normaliseText(lowercase ? kept.toLowerCase() : kept);
}
