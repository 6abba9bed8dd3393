import { existsSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import * as z from "zod";
import { UserError } from "../../engine/errors.ts";
import type { VocabularyUnits } from "../../model/units/vocabulary.ts";
import type { Wav2Vec2Config } from "../../model/wav2vec2/config.ts";
import { parse, readJson, readText, readVocabulary } from "../../data/tokenizer/vocabulary_file.ts";
import { missingDropouts, parseModelConfig, readMasking, readModelConfig } from "./config_json.ts";

/** Text files that the checkpoint keeps verbatim, so that an export can write them again. */
const TEXT_FILES = [
  "config.json",
  "preprocessor_config.json",
  "processor_config.json",
  "vocab.json",
  "tokenizer_config.json",
  "special_tokens_map.json",
  "added_tokens.json",
];

/** A path that looks like a repository name, such as `facebook/wav2vec2-base`. */
const REPOSITORY = /^\w[\w.-]*\/\w[\w.-]*$/u;

const extractorSchema = z.looseObject({
  sampling_rate: z.int().min(1).default(16000),
  do_normalize: z.boolean().default(true),
  feature_size: z.literal(1, "expected 1: one value per sample").default(1),
  padding_value: z.literal(0, "expected 0").default(0),
  return_attention_mask: z.boolean().optional(),
});

/** Everything but the weights in a Hugging Face model folder. */
export interface ModelFolder {
  readonly path: string;
  readonly config: Wav2Vec2Config;
  /** The `masking` section of a training config. */
  readonly masking: Record<string, number> | null;
  /** LayerDrop probability. */
  readonly layerDrop: number;
  /** A line for each unsupported dropout in config.json. */
  readonly missingDropouts: readonly string[];
  /** Waveform sample rate in Hz. */
  readonly sampleRate: number;
  /** Whether each waveform is normalised to mean 0 and variance 1. */
  readonly normalise: boolean;
  /** Null if the folder has no vocabulary, as for an encoder that has only been pretrained. */
  readonly units: VocabularyUnits | null;
  /** Contents of these files, by name. */
  readonly files: Readonly<Record<string, string>>;
}

/**
 * Reads config.json, preprocessor_config.json, vocab.json and the tokenizer's settings. Without a
 * preprocessor_config.json the model takes normalised 16 kHz waveforms, and padding is masked unless the feature
 * encoder has a group norm.
 *
 * @throws UserError in one sentence that names the file and what is wrong with it
 */
export function readModelFolder(path: string): ModelFolder {
  const at = (name: string): string => join(path, name);
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
    const download =
      REPOSITORY.test(path) && !existsSync(path)
        ? `; models are not downloaded automatically: run hf download ${path} --local-dir ${basename(path)}`
        : "";
    throw new UserError(
      `${path} is not a folder: expected one with a config.json and a model.safetensors, as written by save_pretrained of Hugging Face transformers${download}`,
    );
  }
  if (!existsSync(at("config.json")))
    throw new UserError(
      `${path} has no config.json: expected a folder written by save_pretrained of Hugging Face transformers`,
    );
  const json = readJson(at("config.json"));
  const config = readModelConfig(json, at("config.json"));
  const parsed = parseModelConfig(json, at("config.json"));
  const { sampling_rate, do_normalize, return_attention_mask } = readExtractor(at);
  const units = existsSync(at("vocab.json")) ? readVocabulary(at("vocab.json"), { size: config.vocabulary }) : null;
  if (units && units.blank !== config.blank)
    throw new UserError(
      `${path}: pad_token_id of config.json, the blank of CTC, is ${config.blank}, but the padding token of vocab.json has id ${units.blank}`,
    );
  return {
    path,
    config: { ...config, attentionMask: return_attention_mask ?? config.attentionMask },
    masking: readMasking(parsed),
    layerDrop: parsed.layerdrop,
    missingDropouts: missingDropouts(parsed),
    sampleRate: sampling_rate,
    normalise: do_normalize,
    units,
    files: Object.fromEntries(
      TEXT_FILES.filter((name) => existsSync(at(name))).map((name) => [name, readText(at(name))]),
    ),
  };
}

/** The feature extractor's settings, from their own file or from that of newer processors. */
function readExtractor(at: (name: string) => string): z.output<typeof extractorSchema> {
  const [own, processor] = [at("preprocessor_config.json"), at("processor_config.json")];
  if (existsSync(own)) return parse(extractorSchema, readJson(own), own);
  if (!existsSync(processor)) return extractorSchema.parse({});
  return parse(z.looseObject({ feature_extractor: extractorSchema.prefault({}) }), readJson(processor), processor)
    .feature_extractor;
}
