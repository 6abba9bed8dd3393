import { UserError } from "../../engine/errors.ts";
import { SubwordUnits } from "../../model/units/subword.ts";
import type { TokenizerJson } from "../../model/units/tokenizer_json.ts";
import { inputName, readInputSync } from "../files/input.ts";
import { decodeUtf8 } from "../files/utf8.ts";
import { SPECIAL_TOKENS, WORD_START, type BytePairs } from "./byte_pair.ts";

/**
 * Byte pairs in the format of Hugging Face tokenizers, so that their libraries can read the file too. `<blank>` is
 * token 0, so the ids are the classes of a CTC model.
 */
export function bytePairTokenizer({ tokens, merges }: BytePairs): TokenizerJson {
  const metaspace = {
    type: "Metaspace" as const,
    replacement: WORD_START,
    prepend_scheme: "always" as const,
    split: true,
  };
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: SPECIAL_TOKENS.map((content, id) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: null,
    pre_tokenizer: metaspace,
    post_processor: null,
    decoder: metaspace,
    model: {
      type: "BPE",
      dropout: null,
      unk_token: "<unk>",
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges: merges.map(([left, right]) => [left, right]),
    },
  };
}

/** Reads a tokenizer.json as output units. Throws a UserError in one sentence that names the file and the problem. */
export function readTokenizer(file: string): SubwordUnits {
  const name = inputName(file);
  let content: string;
  try {
    content = decodeUtf8(readInputSync(file), name);
  } catch (error) {
    if (error instanceof UserError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    throw new UserError(`cannot read the tokenizer ${name}: ${code === "ENOENT" ? "there is no such file" : message}`);
  }
  let json: unknown;
  try {
    json = JSON.parse(content);
  } catch (error) {
    throw new UserError(`${name}: not JSON: ${(error as Error).message.replaceAll(/\s+/gu, " ")}`); // it quotes the file, line feeds too
  }
  return new SubwordUnits(json, name);
}
