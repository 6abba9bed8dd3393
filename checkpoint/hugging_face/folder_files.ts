import { isDeepStrictEqual } from "node:util";
import { UserError } from "../../engine/errors.ts";
import type { Units } from "../../model/units/units.ts";
import type { VocabularyUnitsJson } from "../../model/units/vocabulary.ts";
import type { CharacterUnitsJson } from "../../model/units/characters.ts";
import type { Wav2Vec2Config } from "../../model/wav2vec2/config.ts";
import { snakeKeys } from "../../config/camel_case.ts";
import type { TrainConfig } from "../../config/config.ts";
import { modelConfigJson, readModelConfig } from "./config_json.ts";

/** Text files by name. */
type Files = Readonly<Record<string, string>>;

const TOKENIZER_FILES = ["vocab.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"];

/**
 * Keys that change what the same weights (or a subset of them) compute; a run may have set them to other values than
 * the original folder's.
 */
const COMPUTING = [
  ["num_attention_heads", "heads"],
  ["hidden_act", "activation"],
  ["layer_norm_eps", "layerNormEps"],
  ["do_stable_layer_norm", "normFirst"],
  ["conv_stride", "convStrides"],
  ["conv_bias", "convBias"],
  ["feat_proj_layer_norm", "projectionNorm"],
  ["feat_extract_norm", "featureNorm"],
  ["position_embeddings_type", "positions"],
  ["rotary_embedding_base", "rotaryBase"],
] as const satisfies readonly (readonly [string, keyof Wav2Vec2Config])[];

/** Defaults for keys missing from preprocessor_config.json: the first published ones have no type. */
const EXTRACTOR_DEFAULTS = {
  feature_extractor_type: "Wav2Vec2FeatureExtractor",
  feature_size: 1,
  padding_side: "right",
  padding_value: 0,
  do_normalize: true,
  sampling_rate: 16000,
};

/** What the text files of a folder have to express. */
export interface FolderContent {
  readonly config: TrainConfig;
  readonly model: Wav2Vec2Config;
  readonly layers: number;
  readonly units: Units | null;
  /** Whether the model has an output layer, matching the units if there are any. */
  readonly hasHead: boolean;
  /** Type of the weights, if they all share one. */
  readonly dtype: "float32" | "float16" | "bfloat16" | undefined;
}

/**
 * The text files of a Hugging Face folder. A file of the folder that the model came from is kept byte for byte unless
 * some of its entries are out of date; then only those are changed. The feature extractor settings of a
 * processor_config.json go to preprocessor_config.json, which older releases of transformers read too.
 *
 * @throws UserError for units that the folder's tokenizer cannot spell
 */
export function folderFiles(content: FolderContent, original: Files): Files {
  return {
    ...tokenizerFiles(content.units, original),
    "preprocessor_config.json": changed(
      original["preprocessor_config.json"],
      extractorJson(content),
      EXTRACTOR_DEFAULTS,
    ),
    "config.json": changed(original["config.json"], configJson(content, original["config.json"])),
  };
}

function configJson(
  { config, model, layers, units, hasHead, dtype }: FolderContent,
  original: string | undefined,
): Record<string, unknown> {
  const made = modelConfigJson(
    { ...model, blocks: layers },
    config.masking && (snakeKeys(config.masking) as Record<string, number>),
  );
  if (original === undefined) {
    const { vocab_size, pad_token_id, architectures, ...encoder } = made;
    return {
      ...(hasHead ? { architectures, vocab_size, pad_token_id } : {}),
      ...encoder,
      layerdrop: config.loss.layerDrop,
      ...(dtype && { dtype }),
    };
  }
  const given = JSON.parse(original) as Record<string, unknown>;
  const dtypes = Object.fromEntries(
    ["dtype", "torch_dtype"].filter((key) => typeof given[key] === "string" && dtype).map((key) => [key, dtype]),
  );
  const understood = readModelConfig(given, "config.json");
  const changes = Object.fromEntries(
    COMPUTING.flatMap(([key, of]) => (isDeepStrictEqual(understood[of], model[of]) ? [] : [[key, made[key]]])),
  );
  const head = hasHead
    ? {
        architectures: made["architectures"],
        ...(units && { vocab_size: made["vocab_size"], pad_token_id: made["pad_token_id"] }),
      }
    : {};
  return { num_hidden_layers: layers, ...dtypes, ...changes, ...head };
}

function extractorJson({ config: { data, features }, model }: FolderContent): Record<string, unknown> {
  return {
    feature_extractor_type: "Wav2Vec2FeatureExtractor",
    feature_size: 1,
    padding_side: "right",
    padding_value: 0,
    do_normalize: features.kind === "waveform" && features.normalise,
    return_attention_mask: model.attentionMask,
    sampling_rate: data.sampleRate,
  };
}

function tokenizerFiles(units: Units | null, original: Files): Files {
  if (!units) return {};
  const { vocabulary, pad, wordDelimiter, lowerCase } = spelling(units);
  const kept = original["vocab.json"];
  if (kept !== undefined && isDeepStrictEqual(JSON.parse(kept), vocabulary))
    return Object.fromEntries(
      TOKENIZER_FILES.flatMap((name) => (original[name] === undefined ? [] : [[name, original[name]]])),
    );
  const settings = {
    tokenizer_class: "Wav2Vec2CTCTokenizer",
    pad_token: pad,
    word_delimiter_token: wordDelimiter,
    do_lower_case: lowerCase,
    unk_token: unknownOf(vocabulary),
    bos_token: null,
    eos_token: null,
  };
  return { "vocab.json": text(vocabulary), "tokenizer_config.json": text(settings) };
}

/** The token for unknown characters; this project rejects texts that would need one. */
const unknownOf = (vocabulary: Readonly<Record<string, number>>): string =>
  ["<unk>", "[UNK]"].find((token) => token in vocabulary) ?? "<unk>";

/** Units as the tokens of Wav2Vec2CTCTokenizer. */
function spelling(units: Units): {
  vocabulary: Record<string, number>;
  pad: string;
  wordDelimiter: string;
  lowerCase: boolean;
} {
  if (units.kind === "vocabulary") {
    const { vocabulary, wordDelimiter, lowerCase } = units.toJSON() as VocabularyUnitsJson;
    const pad = Object.keys(vocabulary).find((token) => vocabulary[token] === units.blank) as string;
    return { vocabulary, pad, wordDelimiter, lowerCase };
  }
  if (units.kind === "bpe")
    throw new UserError(
      "--format hf: the model outputs subwords, but the tokenizer of these models spells characters: choose safetensors or onnx",
    );
  const { characters } = units.toJSON() as CharacterUnitsJson;
  const wordDelimiter = characters.includes("|") ? " " : "|";
  const tokens = ["<pad>", ...characters.map((character) => (character === " " ? wordDelimiter : character))];
  return {
    vocabulary: Object.fromEntries(tokens.map((token, label) => [token, label])),
    pad: "<pad>",
    wordDelimiter,
    lowerCase: false,
  };
}

/** A file's text with these entries: unchanged if it already has them, explicitly or by its defaults. */
function changed(
  original: string | undefined,
  entries: Readonly<Record<string, unknown>>,
  defaults: Readonly<Record<string, unknown>> = {},
): string {
  if (original === undefined) return text(entries);
  const given = JSON.parse(original) as Record<string, unknown>;
  const says = ([key, value]: readonly [string, unknown]): boolean =>
    isDeepStrictEqual(key in given ? given[key] : defaults[key], value);
  return Object.entries(entries).every(says) ? original : text({ ...given, ...entries });
}

const text = (json: unknown): string => `${JSON.stringify(json, null, 2)}\n`;
