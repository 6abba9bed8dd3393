import { Tokenizer } from "@huggingface/tokenizers";
import * as z from "zod";
import { UserError } from "../../engine/errors.ts";
import { describeCharacter } from "./characters.ts";
import { normaliseText } from "./normal_form.ts";
import { metaspaceOf, parseTokenizerJson, type TokenizerJson } from "./tokenizer_json.ts";
import type { Piece, Units, Word } from "./units.ts";
import { wordsOfPieces } from "./words.ts";

/** Subword units as a checkpoint stores them: the whole tokenizer.json. */
export interface SubwordUnitsJson {
  blank: 0;
  tokenizer: TokenizerJson;
}

/** More distinct words than most corpora have. */
const MAX_CACHED_WORDS = 2 ** 18;

/** Tokens that files use for the CTC blank, in order of preference; wav2vec 2.0 uses `<pad>`. */
const BLANK_TOKENS = ["<blank>", "<blk>", "[BLANK]", "<pad>", "[PAD]"];

/**
 * Subword output classes of a CTC model, from a Hugging Face `tokenizer.json`. Class 0 is the blank: the file's own blank or padding
 * token if it has one (the first found of `<blank>`, `<blk>`, `[BLANK]`, `<pad>`, `[PAD]`). The other tokens follow in order of their
 * ids. So a class is the id + 1 without such a token, and the id if that token is 0, as usual. Special tokens such as `<unk>` are
 * classes without text.
 */
export class SubwordUnits implements Units {
  readonly kind = "bpe";
  readonly blank = 0;
  /** By class; for the blank, its name. */
  readonly tokens: readonly string[];
  readonly #json: TokenizerJson;
  readonly #tokenizer: Tokenizer;
  /** By token id. */
  readonly #classes: ReadonlyMap<number, number>;
  /** By class. */
  readonly #pieces: readonly Piece[];
  /** Names of tokens that are not text. */
  readonly #special: readonly string[];
  /** Stands for a space in tokens. */
  readonly #mark: string;
  /** Whether words are encoded one by one. */
  readonly #splits: boolean;
  /** Cached labels of words, since texts repeat them and the library is slow. */
  readonly #wordCache = new Map<string, number[] | null>();

  /** @throws UserError that begins with the source, if the tokenizer is not usable */
  constructor(tokenizerJson: unknown, source = "tokenizer") {
    this.#json = parseTokenizerJson(tokenizerJson, source);
    const byId = tokensById(this.#json, source);
    const blankToken = BLANK_TOKENS.find((name) => byId.includes(name));
    const ids = [...byId.keys()].filter((id) => byId[id] !== blankToken);
    this.tokens = [blankToken ?? "<blank>", ...ids.map((id) => byId[id]!)];
    this.#classes = new Map(ids.map((id, i) => [id, i + 1]));

    const { mark, splits } = metaspaceOf(this.#json);
    const special = specialTokens(this.#json);
    this.#special = this.tokens.filter((token, label) => label === 0 || special.has(token));
    this.#mark = mark;
    this.#splits = splits;
    this.#pieces = this.tokens.map((token, label) => {
      const text = label === 0 || special.has(token) ? "" : token.replaceAll(mark, " ");
      return { text, startsWord: text.startsWith(" ") };
    });
    try {
      this.#tokenizer = new Tokenizer(namingUnknown(this.#json), {});
    } catch (error) {
      throw new UserError(`${source}: not a usable tokenizer: ${(error as Error).message}`);
    }
  }

  /** Restores units from `toJSON` output. Throws a UserError that begins with the source if it is anything else. */
  static fromJSON(json: unknown, source = "units"): SubwordUnits {
    const parsed = z.strictObject({ blank: z.literal(0), tokenizer: z.unknown() }).safeParse(json);
    if (parsed.success) return new SubwordUnits(parsed.data.tokenizer, source);
    const { path, message } = parsed.error.issues[0]!;
    throw new UserError(
      `${source}: not a list of output units: ${path.length > 0 ? `${path.join(".")}: ` : ""}${message}`,
    );
  }

  toJSON(): SubwordUnitsJson {
    return { blank: this.blank, tokenizer: this.#json };
  }

  get size(): number {
    return this.tokens.length;
  }

  normalised(text: string): string {
    const written = this.#tokenizer.normalizer?.normalize(text) ?? text;
    return normaliseText(written.replaceAll(this.#mark, " "));
  }

  unknownIn(text: string): string[] {
    if (this.#labels(text) !== null) return [];
    const named = this.#special.filter((token) => text.includes(token));
    const rest = named.reduce((left, token) => left.replaceAll(token, " "), text);
    const characters = [...new Set(rest)].filter((character) => character !== " ");
    const alone = characters.filter((character) => this.#labels(character) === null);
    return named.length + alone.length > 0 ? [...named, ...alone] : characters;
  }

  encode(text: string): Int32Array {
    const labels = this.#labels(text);
    if (labels !== null) return Int32Array.from(labels);
    const unknown = this.unknownIn(text)[0]!;
    if (this.#special.includes(unknown))
      throw new UserError(
        `the text ${JSON.stringify(text)} has ${unknown}, the name of a special token: replace it by what was said, or remove it`,
      );
    throw new UserError(
      `${describeCharacter(unknown)} in the text ${JSON.stringify(text)} is in none of the model's ${this.size - 1} subwords`,
    );
  }

  decode(labels: Iterable<number>): string {
    const text = Array.from(labels, (label) => this.piece(label).text).join("");
    return text.startsWith(" ") ? text.slice(1) : text; // drop the space of the first word
  }

  piece(label: number): Piece {
    const piece = label > 0 ? this.#pieces[label] : undefined;
    if (piece === undefined)
      throw new RangeError(`SubwordUnits: label is ${label}, expected a class from 1 to ${this.size - 1}`);
    return piece;
  }

  wordsOf(labels: readonly number[] | Int32Array): Word[] {
    return wordsOfPieces(Array.from(labels, (label) => this.piece(label)));
  }

  /** The text's classes, or null if a character is in no token. */
  #labels(text: string): number[] | null {
    if (text.includes(this.#mark)) return null; // it would be decoded as a space
    if (!this.#splits) return this.#labelsOfPart(text);
    const labels: number[] = [];
    // Unlike the Python and Rust tokenizers, the library's Metaspace does not split before spaces.
    for (const part of text.split(/(?= )/u)) {
      const known = this.#wordCache.get(part);
      const found = known === undefined ? this.#labelsOfPart(part) : known;
      if (known === undefined && this.#wordCache.size < MAX_CACHED_WORDS) this.#wordCache.set(part, found);
      if (found === null) return null;
      for (const label of found) labels.push(label);
    }
    return labels;
  }

  #labelsOfPart(part: string): number[] | null {
    if (part === "") return [];
    const { ids } = this.#tokenizer.encode(part, { add_special_tokens: false });
    const labels = (ids as (number | undefined)[]).map((id) => (id === undefined ? undefined : this.#classes.get(id)));
    return labels.every((label) => label !== undefined && this.#pieces[label]!.text !== "")
      ? (labels as number[])
      : null;
  }
}

/** All tokens, in order of their ids. Throws a UserError if ids are missing or used twice. */
function tokensById({ model, added_tokens }: TokenizerJson, source: string): string[] {
  const tokens: (string | undefined)[] = [];
  const add = (token: string, id: number): void => {
    if (tokens[id] !== undefined && tokens[id] !== token)
      throw new UserError(`${source}: the tokenizer uses the id ${id} for both '${tokens[id]}' and '${token}'`);
    tokens[id] = token;
  };
  if (model.type === "BPE") for (const [token, id] of Object.entries(model.vocab)) add(token, id);
  else for (const [id, [token]] of model.vocab.entries()) add(token, id);
  for (const { content, id } of added_tokens) add(content, id);
  if (tokens.length === 0) throw new UserError(`${source}: the tokenizer's vocab is empty`);
  const missing = tokens.findIndex((token) => token === undefined); // unlike indexOf, it sees holes
  if (missing >= 0)
    throw new UserError(`${source}: the tokenizer has ids up to ${tokens.length - 1}, but lacks ${missing}`);
  return tokens as string[];
}

/** Adds a token for unknown characters if a BPE model has none, because the library would drop them silently. */
function namingUnknown(json: TokenizerJson): TokenizerJson {
  return json.model.type === "BPE"
    ? { ...json, model: { ...json.model, unk_token: json.model.unk_token ?? "\0unknown" } }
    : json;
}

/** Tokens that are not text: those the file marks as special, and the unknown token. */
function specialTokens({ model, added_tokens }: TokenizerJson): Set<string> {
  const unknown = model.type === "BPE" ? model.unk_token : model.unk_id == null ? null : model.vocab[model.unk_id]?.[0];
  return new Set([
    ...added_tokens.filter(({ special }) => special).map(({ content }) => content),
    ...(unknown == null ? [] : [unknown]),
  ]);
}
