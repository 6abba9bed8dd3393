import * as z from "zod";
import { UserError } from "../../engine/errors.ts";

/*
 * The subset of Hugging Face's `tokenizer.json` that units support: a BPE or Unigram model over words whose start is marked by a
 * visible space, as in SentencePiece (pre_tokenizer and decoder "Metaspace"). Rejects anything that makes pieces which are not text by
 * themselves: bytes (GPT-2, byte_fallback), and prefixes or suffixes that mark word parts.
 */

const metaspace = z.looseObject({
  type: z.literal("Metaspace"),
  replacement: z.string().min(1).optional(),
  prepend_scheme: z.enum(["always", "first", "never"]).optional(),
  add_prefix_space: z.literal(true, "expected true").optional(), // older files' "always"
  split: z.boolean().optional(),
});

const bpe = z.looseObject({
  type: z.literal("BPE"),
  vocab: z.record(z.string(), z.int().min(0)),
  merges: z.array(z.union([z.string(), z.tuple([z.string(), z.string()])], "expected a pair of pieces")),
  unk_token: z.string().nullish(),
  byte_fallback: z.literal(false, "expected false: bytes are not text on their own").nullish(),
  continuing_subword_prefix: z.literal("", "expected none").nullish(),
  end_of_word_suffix: z.literal("", "expected none").nullish(),
});

const unigram = z.looseObject({
  type: z.literal("Unigram"),
  vocab: z.array(z.tuple([z.string(), z.number()], "expected a piece and its score")).min(1),
  unk_id: z.int().min(0).nullish(),
  byte_fallback: z.literal(false, "expected false: bytes are not text on their own").nullish(),
});

const fileSchema = z.looseObject({
  added_tokens: z
    .array(z.looseObject({ id: z.int().min(0), content: z.string(), special: z.boolean().default(false) }))
    .default([]),
  normalizer: z.looseObject({ type: z.string() }).nullish(),
  pre_tokenizer: z.union(
    [
      metaspace,
      z.looseObject({
        type: z.literal("Sequence"),
        pretokenizers: z.array(z.union([metaspace, z.looseObject({ type: z.literal("WhitespaceSplit") })])),
      }),
    ],
    'expected type "Metaspace", which marks the start of words as SentencePiece does',
  ),
  decoder: z.looseObject(
    { type: z.literal("Metaspace", 'expected "Metaspace", which marks the start of words as SentencePiece does') },
    'expected type "Metaspace"',
  ),
  model: z.discriminatedUnion("type", [bpe, unigram], "expected a model of type BPE or Unigram"),
});

/** A supported tokenizer.json, including any entries that units do not use. */
export type TokenizerJson = z.output<typeof fileSchema>;

/** Checks the content of a tokenizer.json. Throws a UserError that begins with the source and says what is wrong in one sentence. */
export function parseTokenizerJson(json: unknown, source: string): TokenizerJson {
  const given = json as { model?: { type?: unknown; vocab?: unknown }; pre_tokenizer?: { type?: unknown } } | null;
  if (typeof given !== "object" || given === null || typeof given.model !== "object" || given.model === null) {
    throw new UserError(`${source}: not a tokenizer.json of Hugging Face's tokenizers: it has no model`);
  }
  // Older files leave the model's type out.
  const type = given.model.type ?? (Array.isArray(given.model.vocab) ? "Unigram" : "BPE");
  if (type !== "BPE" && type !== "Unigram")
    throw new UserError(`${source}: the tokenizer's model is of type ${String(type)}, expected BPE or Unigram`);
  if (given.model.vocab === undefined) throw new UserError(`${source}: the tokenizer's model has no vocab`);
  const preTokenizer = given.pre_tokenizer?.type;
  if (preTokenizer !== "Metaspace" && preTokenizer !== "Sequence") {
    throw new UserError(
      `${source}: the tokenizer's pre_tokenizer is ${preTokenizer === undefined ? "missing" : String(preTokenizer)}, expected Metaspace, which marks the start of words as SentencePiece does`,
    );
  }
  const parsed = fileSchema.safeParse({ ...given, model: { ...given.model, type } });
  if (parsed.success) return parsed.data;
  const { path, message } = parsed.error.issues[0]!;
  throw new UserError(`${source}: not a usable tokenizer: ${path.length > 0 ? `${path.join(".")}: ` : ""}${message}`);
}

/** The Metaspace part of a tokenizer's pre-tokenizer, with its defaults. */
export function metaspaceOf({ pre_tokenizer }: TokenizerJson): { mark: string; splits: boolean } {
  const parts = pre_tokenizer.type === "Sequence" ? pre_tokenizer.pretokenizers : [pre_tokenizer];
  const found = parts.find((part) => part.type === "Metaspace");
  return { mark: found?.replacement ?? "▁", splits: found?.split ?? true };
}
