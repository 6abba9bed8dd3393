import * as z from "zod";
import { UserError } from "../../engine/errors.ts";
import { butOtherCase, describeCharacter } from "./characters.ts";
import { lowerCase, normaliseText } from "./normal_form.ts";
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
  /** Names of tokens that are no text, besides those in angle or square brackets. */
  special: z.array(z.string()).optional(),
});

/** Vocabulary units as a checkpoint stores them. */
export type VocabularyUnitsJson = z.output<typeof vocabularySchema>;

/** Defaults of Wav2Vec2CTCTokenizer, which a tokenizer_config.json overrides. */
export const vocabularyDefaults = { pad: "<pad>", wordDelimiter: "|", lowerCase: false };

/** Tokens that are no text by their form: `<s>`, `[UNK]`. */
const BRACKETED = /^(<.+>|\[.+\])$/u;

export const isMark = (token: string): boolean => BRACKETED.test(token);

/** A tokenizer's settings besides its tokens. */
export interface VocabularyOptions {
  /** Token of the CTC blank. */
  readonly pad?: string | undefined;
  readonly wordDelimiter?: string | undefined;
  /** The tokenizer's `do_lower_case`: look texts up in upper case, and write lower case. */
  readonly lowerCase?: boolean | undefined;
  /** Names of tokens that are no text, such as those for the beginning of a sentence or an unknown word. */
  readonly special?: readonly string[] | undefined;
  /** Number of model outputs, if more than the tokens; the extra classes have no text. */
  readonly size?: number | undefined;
}

/**
 * The output classes of wav2vec 2.0 and HuBERT, as numbered in Hugging Face's `vocab.json`. The blank is the padding token, whatever
 * its number; the word delimiter, usually `|`, is the space; special tokens (`<s>`, `<unk>`) are classes without text; every other
 * token is its text, be it one character or several (`ch`, `æ̃`), of which the longest that fits spells a text.
 */
export class VocabularyUnits implements Units {
  readonly kind = "vocabulary";
  readonly blank: number;
  readonly size: number;
  readonly #json: VocabularyUnitsJson;
  /** By text in normal form, in the case in which the tokenizer looks it up. */
  readonly #classes: ReadonlyMap<string, number>;
  /** Most characters (code points) of a token. */
  readonly #longest: number;
  /** By class. */
  readonly #pieces: readonly Piece[];

  /** @throws UserError that begins with the source, if the numbers are not valid classes */
  constructor(json: VocabularyUnitsJson, source = "vocabulary") {
    const { blank, size, vocabulary, wordDelimiter, special = [] } = json;
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
    const texts = tokens.map((token, label) => {
      if (label === blank || token === undefined) return "";
      if (token === wordDelimiter) return " ";
      return [...token].length > 1 && (special.includes(token) || isMark(token)) ? "" : token.normalize("NFC");
    });
    this.#json = json;
    this.blank = blank;
    this.size = size;
    // A delimiter in a text has no class, because it would be decoded as a space.
    const classes = new Map<string, number>();
    for (const [label, text] of texts.entries()) if (text !== "" && !classes.has(text)) classes.set(text, label);
    this.#classes = classes;
    this.#longest = Math.max(...texts.map((text) => [...text].length));
    this.#pieces = texts.map((text) => ({ text: json.lowerCase ? lowerCase(text) : text, startsWord: text === " " }));
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
    const special = options.special?.filter((token) => Object.hasOwn(vocabulary, token) && !isMark(token));
    const size = options.size ?? 1 + Object.values(vocabulary).reduce((largest, label) => Math.max(largest, label), 0);
    const known = special && special.length > 0 ? { special } : {};
    return new VocabularyUnits({ blank, size, vocabulary, wordDelimiter, lowerCase, ...known }, source);
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

  normalised(text: string): string {
    return normaliseText(this.#json.lowerCase ? lowerCase(text.toUpperCase()) : text);
  }

  unknownIn(text: string): string[] {
    return this.#spell(text).unknown;
  }

  encode(text: string): Int32Array {
    const { labels, unknown: all } = this.#spell(text);
    const unknown = all[0];
    if (unknown !== undefined)
      throw new UserError(
        `${describeCharacter(unknown)} in the text ${JSON.stringify(text)} is not among the ${this.#classes.size} characters of the model's vocabulary${butOtherCase(unknown, (other) => this.#classes.has(other))}`,
      );
    return Int32Array.from(labels);
  }

  /**
   * The classes that spell a text: at each place the longest token that fits, or else, where a character has none, those of its letter
   * and its marks apart (NFD). Also the distinct characters that have neither.
   */
  #spell(text: string): { labels: number[]; unknown: string[] } {
    const [labels, unknown] = [new Array<number>(), new Set<string>()];
    const characters = [...text].flatMap((character) =>
      [...(this.#json.lowerCase ? character.toUpperCase() : character)].map((cased) => ({ cased, character })),
    );
    for (let at = 0; at < characters.length;) {
      let length = Math.min(this.#longest, characters.length - at);
      const classOf = (): number | undefined =>
        this.#classes.get(characters.slice(at, at + length).reduce((joined, { cased }) => joined + cased, ""));
      while (length > 1 && classOf() === undefined) length--;
      const { cased, character } = characters[at] as (typeof characters)[number];
      const found = classOf();
      const parts = found === undefined ? [...cased.normalize("NFD")].map((part) => this.#classes.get(part)) : [found];
      for (const label of parts)
        if (label === undefined) unknown.add(character);
        else labels.push(label);
      at += length;
    }
    return { labels, unknown: [...unknown] };
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
