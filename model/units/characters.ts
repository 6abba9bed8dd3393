import * as z from "zod";
import { UserError } from "../../engine/errors.ts";
import { normaliseText } from "./normal_form.ts";
import type { Piece, Units, Word } from "./units.ts";
import { wordsOfPieces } from "./words.ts";

/** Character units as a checkpoint stores them. */
export interface CharacterUnitsJson {
  blank: 0;
  characters: string[];
}

const unitsSchema = z.strictObject({
  blank: z.literal(0),
  characters: z
    .array(z.string().refine((c) => [...c].length === 1, "expected single characters"))
    .refine((all) => new Set(all).size === all.length, "expected each character once"),
});

/**
 * Character output classes of a CTC model: class 0 is the blank, class i is `characters[i - 1]`. A character is a Unicode code
 * point.
 */
export class CharacterUnits implements Units {
  readonly kind = "characters";
  readonly blank = 0;
  readonly characters: readonly string[];
  readonly #classOf: ReadonlyMap<string, number>;

  constructor(characters: readonly string[]) {
    this.characters = [...characters];
    this.#classOf = new Map(characters.map((character, i) => [character, i + 1]));
  }

  /** Units for these texts: their characters and the space, ordered by code point. */
  static fromTexts(texts: Iterable<string>): CharacterUnits {
    const found = new Set([" "]);
    for (const text of texts) for (const character of text) found.add(character);
    return new CharacterUnits([...found].sort((a, b) => a.codePointAt(0)! - b.codePointAt(0)!));
  }

  /**
   * Restores units from `toJSON` output.
   *
   * @param source the file it comes from, for the message
   * @throws UserError if it is anything else
   */
  static fromJSON(json: unknown, source = "units"): CharacterUnits {
    const parsed = unitsSchema.safeParse(json);
    if (parsed.success) return new CharacterUnits(parsed.data.characters);
    const { path, message } = parsed.error.issues[0]!;
    throw new UserError(
      `${source}: not a list of output units: ${path.length > 0 ? `${path.join(".")}: ` : ""}${message}`,
    );
  }

  toJSON(): CharacterUnitsJson {
    return { blank: this.blank, characters: [...this.characters] };
  }

  /** Number of classes, including the blank. */
  get size(): number {
    return this.characters.length + 1;
  }

  normalised(text: string): string {
    return normaliseText(text);
  }

  /** The distinct characters of the text that are not units, in order of appearance. */
  unknownIn(text: string): string[] {
    return [...new Set(text)].filter((character) => !this.#classOf.has(character));
  }

  /**
   * The text's classes, one per character.
   *
   * @throws UserError naming the text and its first character that is not a unit
   */
  encode(text: string): Int32Array {
    return Int32Array.from(text, (character) => {
      const label = this.#classOf.get(character);
      if (label !== undefined) return label;
      const where = `in the text ${JSON.stringify(text)}`;
      throw new UserError(
        `${describeCharacter(character)} ${where} is not among the model's ${this.characters.length} characters${butOtherCase(character, (other) => this.#classOf.has(other))}`,
      );
    });
  }

  /**
   * The text of a sequence of classes without blanks.
   *
   * @throws RangeError for the blank or a class out of range
   */
  decode(labels: Iterable<number>): string {
    return Array.from(labels, (label) => this.piece(label).text).join("");
  }

  piece(label: number): Piece {
    const text = this.characters[label - 1];
    if (text === undefined)
      throw new RangeError(`CharacterUnits: label is ${label}, expected a class from 1 to ${this.characters.length}`);
    return { text, startsWord: text === " " };
  }

  wordsOf(labels: readonly number[] | Int32Array): Word[] {
    return wordsOfPieces(Array.from(labels, (label) => this.piece(label)));
  }
}

/** A hint for messages, if a character is not a unit but the same letter in the other case is; otherwise empty. */
export function butOtherCase(character: string, isUnit: (character: string) => boolean): string {
  const other = [character.toUpperCase(), character.toLowerCase()].find(
    (cased) => cased !== character && isUnit(cased),
  );
  return other === undefined ? "" : `, though '${other}' is: the model's texts are in the other case`;
}

/** `'ö' (U+00F6)`: the code point tells lookalikes apart. */
export function describeCharacter(character: string): string {
  return `'${character}' (${codePoint(character)})`;
}

/** `U+00F6` */
export const codePoint = (character: string): string =>
  `U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}`;
