import type { Piece, Word } from "./units.ts";

/**
 * The words that a sequence of pieces spells, each with its span of pieces: from the first to the last that adds a character to it.
 * A piece that is only a space belongs to no word; one with a space inside belongs to the words on both sides.
 */
export function wordsOfPieces(pieces: readonly Pick<Piece, "text">[]): Word[] {
  const words: { word: string; from: number; to: number }[] = [];
  let inWord = false;
  for (const [i, { text }] of pieces.entries()) {
    for (const [part, letters] of text.split(" ").entries()) {
      if (part > 0) inWord = false; // a space came before it
      if (letters === "") continue;
      if (!inWord) words.push({ word: "", from: i, to: i });
      inWord = true;
      const word = words.at(-1)!;
      word.word += letters;
      word.to = i + 1;
    }
  }
  for (const found of words) found.word = found.word.normalize("NFC");
  return words;
}
