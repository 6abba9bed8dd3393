import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as z from "zod";
import { UserError } from "../../engine/errors.ts";
import { VocabularyUnits } from "../../model/units/vocabulary.ts";

const token = z
  .union([z.string(), z.looseObject({ content: z.string() }).transform(({ content }) => content)])
  .nullish();

/** Tokenizers that spell as Wav2Vec2CTCTokenizer does, under its old and new names. */
const CHARACTER_TOKENIZERS = ["Wav2Vec2CTCTokenizer", "Wav2Vec2Tokenizer", "HubertCTCTokenizer"];

/** What a tokenizer_config.json or special_tokens_map.json says of a vocabulary. */
const settingsSchema = z.looseObject({
  tokenizer_class: z
    .enum(CHARACTER_TOKENIZERS, `expected ${CHARACTER_TOKENIZERS[0]}, which spells in characters`)
    .nullish(),
  pad_token: token,
  word_delimiter_token: token.refine((text) => text !== "", "expected a character, usually |"),
  replace_word_delimiter_char: z.literal(" ", "expected a space").nullish(),
  do_lower_case: z.boolean().nullish(),
});

/**
 * Reads Hugging Face's vocab.json as output units. A tokenizer_config.json and a special_tokens_map.json beside it say which
 * token is the blank and which the space; without them they are `<pad>` and `|`.
 *
 * @param size outputs of the model, where one is there already
 * @throws UserError in one sentence that names the file and what is wrong with it
 */
export function readVocabulary(file: string, { size }: { size?: number } = {}): VocabularyUnits {
  const beside = (name: string): z.output<typeof settingsSchema> => {
    const path = join(dirname(file), name);
    return existsSync(path) ? parse(settingsSchema, readJson(path), path) : {};
  };
  const [special, tokenizer] = [beside("special_tokens_map.json"), beside("tokenizer_config.json")];
  return VocabularyUnits.fromTokens(
    readJson(file),
    {
      pad: tokenizer.pad_token ?? special.pad_token ?? undefined,
      wordDelimiter: tokenizer.word_delimiter_token ?? special.word_delimiter_token ?? undefined,
      lowerCase: tokenizer.do_lower_case ?? undefined,
      size,
    },
    file,
  );
}

/** The content of a JSON file. Throws a UserError in one sentence that names it, where there is none or it is no JSON. */
export function readJson(file: string): unknown {
  const text = readText(file);
  try {
    return JSON.parse(text);
  } catch {
    throw new UserError(`${file} is not valid JSON`);
  }
}

/** A file's text, without the mark that some editors begin it with and JSON does not allow. Throws a UserError that names it, where there is none. */
export function readText(file: string): string {
  try {
    return readFileSync(file, "utf8").replace(/^\uFEFF/u, "");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new UserError(`${file} cannot be read: ${code === "ENOENT" ? "there is no such file" : message}`);
  }
}

/** Checks a file's content. Throws a UserError that names the file, the first key that is wrong, and its value. */
export function parse<Schema extends z.ZodType>(schema: Schema, json: unknown, file: string): z.output<Schema> {
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const { path, message } = parsed.error.issues[0]!;
  const value = path.reduce<unknown>((inner, key) => (inner as Record<PropertyKey, unknown> | undefined)?.[key], json);
  throw new UserError(
    `${file}: ${path.length === 0 ? message : `${path.join(".")} is ${value === undefined ? "missing" : JSON.stringify(value)}, ${message}`}`,
  );
}
