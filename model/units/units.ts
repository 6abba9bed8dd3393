/** The text of one output class. */
export interface Piece {
  /** Contains a space between words: `a` or ` ` for characters, ` the` or `ing` for subwords. Empty for a class without text, such as `<unk>`. */
  readonly text: string;
  /** Whether its text begins with a space, which ends the previous word, if any. */
  readonly startsWord: boolean;
}

/** A word and the labels that spell it: `labels[from]` to `labels[to - 1]`. */
export interface Word {
  readonly word: string;
  readonly from: number;
  readonly to: number;
}

/** Units as a checkpoint stores them: the blank, plus fields of each kind. `unitsFromJSON` restores them. */
export interface UnitsJson {
  readonly blank: number;
}

/** The output classes of a CTC model. One of them, usually 0, is the blank; all others are units of text. */
export interface Units {
  readonly kind: "characters" | "bpe" | "vocabulary";
  readonly blank: number;
  /** Number of classes, including the blank. */
  readonly size: number;
  /** A text as the model would write it, if it recognised it: in normal form, and through what a tokenizer does to texts. */
  normalised(text: string): string;
  /** The distinct characters of the text that no unit spells, in order of appearance. */
  unknownIn(text: string): string[];
  /** The text's classes, never the blank. Throws a UserError naming the text and its first character that no unit spells. */
  encode(text: string): Int32Array;
  /** The text of a sequence of classes without blanks. Throws a RangeError for the blank or a class out of range. */
  decode(labels: Iterable<number>): string;
  /** The text of one class, and whether a word starts with it. Throws a RangeError as `decode` does. */
  piece(label: number): Piece;
  /** The words in a sequence of classes without blanks, each with the labels that spell it. Throws a RangeError as `decode` does. */
  wordsOf(labels: readonly number[] | Int32Array): Word[];
  toJSON(): UnitsJson;
}
