/*
 * The form in which references, hypotheses, units and language models meet. Two texts that look the same may differ in code points
 * ("é" is one or two); everything that is compared, encoded or looked up is in this form, so that no error rate depends on it.
 */

/** White space, but not U+FEFF, which `\s` matches as well: a byte order mark inside a text separates no words. */
const SPACES = /[^\S\uFEFF]+/gu;

/** A text with composed characters (Unicode NFC), and single spaces between its words. */
export function normaliseText(text: string): string {
  return text.normalize("NFC").replace(SPACES, " ").replace(/^ | $/gu, "");
}

/** In lower case and NFC. Turkish "İ" becomes "i", without the dot above (U+0307) that Unicode's own mapping leaves behind. */
export function lowerCase(text: string): string {
  return text.normalize("NFC").replaceAll("İ", "i").toLowerCase().normalize("NFC");
}

/**
 * Characters that nobody sees: controls, soft hyphens, zero-width spaces and joiners, marks of direction and of byte order, spaces
 * without width. Persian and Indic scripts spell with U+200C and U+200D, so that these may be meant.
 */
const INVISIBLE = /\p{Cc}|\p{Cf}|\p{Variation_Selector}|\u034F|\u115F|\u1160|\u17B4|\u17B5|\u2800|\u3164|\uFFA0/gu;

/** What stands where a character was lost: U+FFFD, halves of pairs, code points that never will be characters. */
const LOST = /\uFFFD|\p{Cs}|\p{Noncharacter_Code_Point}/gu;

/** The distinct code points of a text that are no characters, in order of appearance. */
export const lostIn = (text: string): string[] => [...new Set(text.match(LOST))];

/** The distinct invisible characters of a text, in order of appearance. */
export const invisibleIn = (text: string): string[] => [...new Set(text.match(INVISIBLE))];
