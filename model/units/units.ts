/** The text of one output class. */
export interface Piece {
  /** With a space where a word ends and the next begins: `a` or ` ` of characters, ` the` or `ing` of subwords; empty for a class that is no text, as `<unk>`. */
  readonly text: string;
  /** Its text begins with a space: the word before it, if any, has ended. */
  readonly startsWord: boolean;
}

/** A word and the labels that spell it: `labels[from]` to `labels[to - 1]`. */
export interface Word {
  readonly word: string;
  readonly from: number;
  readonly to: number;
}

/** What a checkpoint holds of its units: the blank, and what each kind adds; `unitsFromJSON` reads it. */
export interface UnitsJson {
  readonly blank: number;
}

/** The output classes of a CTC model. One of them, 0 in most, is the blank, which is no unit of any text; all others are. */
export interface Units {
  readonly kind: "characters" | "bpe" | "vocabulary";
  readonly blank: number;
  /** Number of classes, the blank included. */
  readonly size: number;
  /** Characters of the text that no unit spells, each once, in order of appearance. */
  unknownIn(text: string): string[];
  /** The text's classes, none of them the blank. Throws a UserError that names the first character that no unit spells, and the text. */
  encode(text: string): Int32Array;
  /** The text of classes without blanks. Throws a RangeError at a class that is blank or beyond the last. */
  decode(labels: Iterable<number>): string;
  /** The text of one class, and whether a word starts with it. Throws a RangeError as `decode` does. */
  piece(label: number): Piece;
  /** The words of classes without blanks, in order, each with the labels that spell it. Throws a RangeError as `decode` does. */
  wordsOf(labels: readonly number[] | Int32Array): Word[];
  toJSON(): UnitsJson;
}
