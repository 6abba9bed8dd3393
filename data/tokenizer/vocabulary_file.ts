import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import * as z from "zod";
import { UserError } from "../../engine/errors.ts";
import { inputName, readInputSync } from "../files/input.ts";
import { decodeUtf8 } from "../files/utf8.ts";
import { isMark, vocabularyDefaults, VocabularyUnits } from "../../model/units/vocabulary.ts";

const token = z
  .union([z.string(), z.looseObject({ content: z.string() }).transform(({ content }) => content)])
  .nullish();

/** Tokenizers that spell like Wav2Vec2CTCTokenizer, under its old and new names. */
const CHARACTER_TOKENIZERS = ["Wav2Vec2CTCTokenizer", "Wav2Vec2Tokenizer", "HubertCTCTokenizer"];

/** The settings in a tokenizer_config.json or special_tokens_map.json that concern the vocabulary. */
const settingsSchema = z.looseObject({
  tokenizer_class: z
    .enum(CHARACTER_TOKENIZERS, `expected ${CHARACTER_TOKENIZERS[0]}, which spells in characters`)
    .nullish(),
  pad_token: token,
  bos_token: token,
  eos_token: token,
  unk_token: token,
  additional_special_tokens: z.array(token).nullish(),
  word_delimiter_token: token.refine((text) => text !== "", "expected a character, usually |"),
  replace_word_delimiter_char: z.literal(" ", "expected a space").nullish(),
  do_lower_case: z.boolean().nullish(),
  added_tokens_decoder: z
    .record(z.string(), z.looseObject({ content: z.string(), special: z.boolean().default(false) }))
    .nullish(),
});

const addedSchema = z.record(z.string(), z.int().min(0));

/**
 * Reads Hugging Face's vocab.json as output units. A tokenizer_config.json and a special_tokens_map.json beside it
 * define the blank and space tokens, by default `<pad>` and `|`. Tokens that were added later, in the former or in an
 * added_tokens.json, are units too if they are text: what one of these files calls special is none in any.
 *
 * @param size number of outputs of the model, if there is one already
 * @throws UserError in one sentence that names the file and the problem
 */
export function readVocabulary(file: string, { size }: { size?: number } = {}): VocabularyUnits {
  const beside = (name: string): z.output<typeof settingsSchema> => {
    const path = join(dirname(file), name);
    return existsSync(path) ? parse(settingsSchema, readJson(path), path) : {};
  };
  const [special, tokenizer] = [beside("special_tokens_map.json"), beside("tokenizer_config.json")];
  const wordDelimiter = tokenizer.word_delimiter_token ?? special.word_delimiter_token ?? undefined;
  const names = [special, tokenizer]
    .flatMap(specialTokens)
    .filter((name) => name !== (wordDelimiter ?? vocabularyDefaults.wordDelimiter));
  return VocabularyUnits.fromTokens(
    withAdded(readJson(file), addedTokens(file, tokenizer, [...names, ...padOf(special), ...padOf(tokenizer)]), size),
    {
      pad: tokenizer.pad_token ?? special.pad_token ?? undefined,
      wordDelimiter,
      lowerCase: tokenizer.do_lower_case ?? undefined,
      special: names,
      size,
    },
    file,
  );
}

type Settings = z.output<typeof settingsSchema>;

const padOf = ({ pad_token }: Settings): string[] => (pad_token == null ? [] : [pad_token]);

/** The tokens that were added to the vocabulary and are text, with their numbers. */
function addedTokens(file: string, { added_tokens_decoder }: Settings, special: readonly string[]): [string, number][] {
  const path = join(dirname(file), "added_tokens.json");
  const own = existsSync(path) ? Object.entries(parse(addedSchema, readJson(path), path)) : [];
  const decoder = Object.entries(added_tokens_decoder ?? {});
  return [
    ...own,
    ...decoder.flatMap(([number, token]): [string, number][] =>
      token.special ? [] : [[token.content, Number(number)]],
    ),
  ].filter(([content]) => !special.includes(content) && !isMark(content));
}

/** A vocabulary with further tokens, whose numbers must be classes of the model. Anything else is left to who reads it. */
function withAdded(vocabulary: unknown, added: readonly [string, number][], size = Infinity): unknown {
  const known = addedSchema.safeParse(vocabulary);
  if (!known.success || added.length === 0) return vocabulary;
  const further = added.filter(([content, number]) => number < size && !Object.hasOwn(known.data, content));
  return { ...known.data, ...Object.fromEntries(further) };
}

const specialTokens = (settings: Settings): string[] => {
  const { bos_token, eos_token, unk_token, additional_special_tokens, added_tokens_decoder } = settings;
  const added = Object.values(added_tokens_decoder ?? {}).flatMap(({ content, special }) => (special ? [content] : []));
  const named = [bos_token, eos_token, unk_token, ...(additional_special_tokens ?? []), ...added];
  return [...new Set(named.filter((name) => name != null))];
};

/** Reads a JSON file. Throws a UserError in one sentence that names it, if it does not exist or is not valid JSON. */
export function readJson(file: string): unknown {
  const text = readText(file);
  try {
    return JSON.parse(text);
  } catch {
    throw new UserError(`${file} is not valid JSON`);
  }
}

/**
 * Reads a text file without its byte order mark, which JSON does not allow. Throws a UserError that names it, if it
 * cannot be read or is not UTF-8.
 */
export function readText(file: string): string {
  try {
    return decodeUtf8(readInputSync(file), inputName(file));
  } catch (error) {
    if (error instanceof UserError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    throw new UserError(`${file} cannot be read: ${code === "ENOENT" ? "there is no such file" : message}`);
  }
}

/** Validates a file's content. Throws a UserError that names the file, the first invalid key and its value. */
export function parse<Schema extends z.ZodType>(schema: Schema, json: unknown, file: string): z.output<Schema> {
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const { path, message } = parsed.error.issues[0]!;
  const value = path.reduce<unknown>((inner, key) => (inner as Record<PropertyKey, unknown> | undefined)?.[key], json);
  throw new UserError(
    `${file}: ${path.length === 0 ? message : `${path.join(".")} is ${value === undefined ? "missing" : JSON.stringify(value)}, ${message}`}`,
  );
}
