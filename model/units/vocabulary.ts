import * as z from "zod";
import { UserError } from "../../engine/errors.ts";
import { butOtherCase, describeCharacter } from "./characters.ts";
import type { Piece, Units, Word } from "./units.ts";
import { wordsOfPieces } from "./words.ts";

const vocabularySchema = z.strictObject({
  /** Class of the blank: that of the padding token. */
  blank: z.int().min(0),
  /** Number of classes; may be more than the vocabulary names. */
  size: z.int().min(2),
  /** Class of each token, as in vocab.json. */
  vocabulary: z.record(z.string(), z.int().min(0)),
  /** The token that stands for a space. */
  wordDelimiter: z.string().min(1),
  /** Whether texts are lower case but tokens upper case. */
  lowerCase: z.boolean(),
});

/** Vocabulary units as a checkpoint stores them. */
export type VocabularyUnitsJson = z.output<typeof vocabularySchema>;

/** Defaults of Wav2Vec2CTCTokenizer, which a tokenizer_config.json overrides. */
export const vocabularyDefaults = { pad: "<pad>", wordDelimiter: "|", lowerCase: false };

/** A tokenizer's settings besides its tokens. */
export interface VocabularyOptions {
  /** Token of the CTC blank. */
  readonly pad?: string | undefined;
  readonly wordDelimiter?: string | undefined;
  /** The tokenizer's `do_lower_case`: look texts up in upper case, and write lower case. */
  readonly lowerCase?: boolean | undefined;
  /** Number of model outputs, if more than the tokens; the extra classes have no text. */
  readonly size?: number | undefined;
}

/**
 * The output classes of wav2vec 2.0 and HuBERT, as numbered in Hugging Face's `vocab.json`. The blank is the padding token, whatever
 * its number; the word delimiter, usually `|`, is the space; every other token of one character (a Unicode code point) is that
 * character. Longer tokens (`<s>`, `<unk>`) are classes without text.
 */
export class VocabularyUnits implements Units {
  readonly kind = "vocabulary";
  readonly blank: number;
  readonly size: number;
  readonly #json: VocabularyUnitsJson;
  /** By character, in the case in which the tokenizer looks it up. */
  readonly #classes: ReadonlyMap<string, number>;
  /** By class. */
  readonly #pieces: readonly Piece[];

  /** @throws UserError that begins with the source, if the numbers are not valid classes */
  constructor(json: VocabularyUnitsJson, source = "vocabulary") {
    const { blank, size, vocabulary, wordDelimiter, lowerCase } = json;
    const tokens = new Array<string | undefined>(size).fill(undefined);
    for (const [token, label] of Object.entries(vocabulary)) {
      if (label >= size)
        throw new UserError(
          `${source}: the token ${JSON.stringify(token)} has the number ${label}, but there are ${size} classes`,
        );
      if (tokens[label] !== undefined)
        throw new UserError(
          `${source}: the number ${label} stands for ${JSON.stringify(tokens[label])} and for ${JSON.stringify(token)}`,
        );
      tokens[label] = token;
    }
    if (blank >= size)
      throw new UserError(`${source}: the blank has the number ${blank}, but there are ${size} classes`);
    const texts = tokens.map((token, label) =>
      label === blank || token === undefined
        ? ""
        : token === wordDelimiter
          ? " "
          : [...token].length === 1
            ? token
            : "",
    );
    this.#json = json;
    this.blank = blank;
    this.size = size;
    // A delimiter in a text has no class, because it would be decoded as a space.
    this.#classes = new Map(texts.flatMap((text, label): [string, number][] => (text === "" ? [] : [[text, label]])));
    this.#pieces = texts.map((text) => ({ text: lowerCase ? text.toLowerCase() : text, startsWord: text === " " }));
  }

  /**
   * Units from the content of a vocab.json.
   *
   * @throws UserError that begins with the source, if it is not a vocabulary or has no token for the blank
   */
  static fromTokens(tokens: unknown, options: VocabularyOptions = {}, source = "vocabulary"): VocabularyUnits {
    const {
      pad = vocabularyDefaults.pad,
      wordDelimiter = vocabularyDefaults.wordDelimiter,
      lowerCase = vocabularyDefaults.lowerCase,
    } = options;
    const parsed = vocabularySchema.shape.vocabulary.safeParse(tokens);
    if (!parsed.success) {
      const nested =
        typeof tokens === "object" &&
        tokens !== null &&
        Object.values(tokens).some((value) => typeof value === "object");
      throw new UserError(
        `${source}: ${nested ? "it holds vocabularies for several languages, expected one: extract the language you need to a file of its own" : 'expected tokens with their numbers, such as { "<pad>": 0, "a": 1 }'}`,
      );
    }
    const vocabulary = parsed.data;
    const blank = Object.hasOwn(vocabulary, pad) ? vocabulary[pad] : undefined;
    if (blank === undefined)
      throw new UserError(`${source}: it has no padding token ${JSON.stringify(pad)}, which serves as the CTC blank`);
    const size = options.size ?? 1 + Object.values(vocabulary).reduce((largest, label) => Math.max(largest, label), 0);
    return new VocabularyUnits({ blank, size, vocabulary, wordDelimiter, lowerCase }, source);
  }

  /** Restores units from `toJSON` output. Throws a UserError that begins with the source if it is anything else. */
  static fromJSON(json: unknown, source = "units"): VocabularyUnits {
    const parsed = vocabularySchema.safeParse(json);
    if (parsed.success) return new VocabularyUnits(parsed.data, source);
    const { path, message } = parsed.error.issues[0]!;
    throw new UserError(
      `${source}: not a list of output units: ${path.length > 0 ? `${path.join(".")}: ` : ""}${message}`,
    );
  }

  toJSON(): VocabularyUnitsJson {
    return structuredClone(this.#json);
  }

  unknownIn(text: string): string[] {
    return [...new Set(text)].filter((character) =>
      [...this.#toTokenCase(character)].some((cased) => !this.#classes.has(cased)),
    );
  }

  encode(text: string): Int32Array {
    const unknown = this.unknownIn(text)[0];
    if (unknown !== undefined)
      throw new UserError(
        `${describeCharacter(unknown)} in the text ${JSON.stringify(text)} is not among the ${this.#classes.size} characters of the model's vocabulary${butOtherCase(unknown, (other) => this.#classes.has(other))}`,
      );
    return Int32Array.from(this.#toTokenCase(text), (character) => this.#classes.get(character) as number);
  }

  #toTokenCase(text: string): string {
    return this.#json.lowerCase ? text.toUpperCase() : text;
  }

  /** Like the tokenizer, without spaces at either end. */
  decode(labels: Iterable<number>): string {
    return Array.from(labels, (label) => this.piece(label).text)
      .join("")
      .replace(/^ +| +$/gu, "");
  }

  piece(label: number): Piece {
    const piece = label === this.blank ? undefined : this.#pieces[label];
    if (piece === undefined)
      throw new RangeError(
        `VocabularyUnits: label is ${label}, expected a class from 0 to ${this.size - 1} other than the blank, ${this.blank}`,
      );
    return piece;
  }

  wordsOf(labels: readonly number[] | Int32Array): Word[] {
    return wordsOfPieces(Array.from(labels, (label) => this.piece(label)));
  }
}
