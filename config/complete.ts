import { decoderSearchDefaults } from "../model/decode/search.ts";
import { camelKeys } from "./camel_case.ts";
import { specAugmentSchema } from "./schema/data.ts";
import { maskingSchema } from "./schema/model.ts";
import type { ParsedConfig } from "./schema/schema.ts";

/** How to find the files that a config names. */
export interface ConfigPlaces {
  /** The folder that the config's relative paths are relative to. */
  readonly base: string;
  /** Replaces `data.folder`; relative to the working directory. */
  readonly data: string | undefined;
  /** Joins paths from left to right into an absolute one, like Node's `path.resolve`. */
  readonly resolve: (...paths: string[]) => string;
}

/** Fills in defaults that depend on other keys, makes paths absolute, and converts keys to camelCase. */
export function completeConfig(parsed: ParsedConfig, { base, data: dataFolder, resolve }: ConfigPlaces) {
  const { data, augment, batch, model, unfold, units, schedule, eval: evaluation, checkpoint } = parsed;
  const folder = dataFolder !== undefined ? resolve(dataFolder) : resolve(base, data.folder ?? ".");
  const inFolder = (file: string) => resolve(folder, file);
  const tests = typeof data.test === "string" ? { [stem(data.test)]: data.test } : (data.test ?? {});
  const { blocks } = model;

  return camelKeys({
    ...parsed,
    init: parsed.init === null ? null : resolve(base, parsed.init),
    data: {
      ...data,
      folder,
      train: inFolder(data.train),
      dev: inFolder(data.dev),
      cmvn: data.cmvn === null ? null : resolve(base, data.cmvn),
      cache: typeof data.cache === "string" ? resolve(base, data.cache) : data.cache,
      test: Object.entries(tests).map(([name, manifest]) => ({ name, manifest: inFolder(manifest) })),
    },
    augment: augment && {
      ...augment,
      noise: augment.noise && { ...augment.noise, manifest: inFolder(augment.noise.manifest) },
    },
    units: {
      ...units,
      tokenizer: units.tokenizer == null ? null : resolve(base, units.tokenizer),
      vocabulary: units.vocabulary == null ? null : resolve(base, units.vocabulary),
    },
    spec_augment:
      parsed.spec_augment === undefined
        ? parsed.features.kind === "fbank"
          ? specAugmentSchema.parse({})
          : null
        : parsed.spec_augment,
    masking:
      parsed.masking === undefined ? (model.kind === "conformer" ? null : maskingSchema.parse({})) : parsed.masking,
    batch: { ...batch, size: batch.size ?? (batch.frames == null ? 16 : null), frames: batch.frames ?? null },
    memory: { ...parsed.memory, limit_gib: parsed.memory.limit_gib ?? null },
    model: completeModel(model),
    loss: completeLoss(parsed),
    unfold: { ...unfold, depths: unfold.depths?.toSorted((a, b) => a - b) ?? defaultDepths(unfold, blocks) },
    schedule: {
      ...schedule,
      total_steps: schedule.total_steps ?? null,
      hold_steps: schedule.hold_steps ?? 0,
      decay_steps: schedule.decay_steps ?? null,
      initial_factor: schedule.initial_factor ?? 0.01,
      final_factor: schedule.final_factor ?? 0.05,
    },
    epochs: parsed.epochs ?? (parsed.steps == null ? 50 : null),
    steps: parsed.steps ?? null,
    eval: {
      every_epochs: evaluation.every_epochs ?? (evaluation.every_steps == null ? 1 : null),
      every_steps: evaluation.every_steps ?? null,
      ...completeSearch(evaluation),
      batch_size: evaluation.batch_size,
      lm: evaluation.lm && { ...evaluation.lm, arpa: resolve(base, evaluation.lm.arpa) },
    },
    checkpoint: {
      ...checkpoint,
      average: checkpoint.average && {
        ...checkpoint.average,
        count: checkpoint.average.count ?? checkpoint[`keep_${checkpoint.average.of}`],
      },
    },
  });
}

function completeSearch({ search, beam, ctc_weight, length_bonus }: ParsedConfig["eval"]) {
  const { ctcWeight, lengthBonus } = decoderSearchDefaults;
  return {
    search,
    beam: beam ?? (search === "ctc" ? null : decoderSearchDefaults.beam),
    ctc_weight: search === "joint" || search === "rescore" ? (ctc_weight ?? ctcWeight) : null,
    length_bonus: search === "joint" || search === "attention" ? (length_bonus ?? lengthBonus) : null,
  };
}

function completeLoss({ loss, model }: ParsedConfig) {
  const hybrid = model.kind === "conformer" && model.decoder !== null;
  return {
    ...loss,
    kl_of: loss.kl_of ?? (hybrid ? ("both" as const) : ("ctc" as const)),
    ctc_weight: loss.ctc_weight ?? (hybrid ? 0.3 : null),
    label_smoothing: loss.label_smoothing ?? (hybrid ? 0.1 : null),
  };
}

function completeModel(model: ParsedConfig["model"]) {
  if (model.kind === "conformer") {
    const { decoder, heads, dropout } = model;
    return {
      ...model,
      subsampling_channels: model.subsampling_channels ?? model.dim,
      decoder: decoder && { ...decoder, heads: decoder.heads ?? heads, dropout: decoder.dropout ?? dropout },
    };
  }
  return {
    ...model,
    positions: model.positions ?? (model.kind === "wav2vec2_conformer" ? ("relative" as const) : ("none" as const)),
    attention_mask: model.attention_mask ?? model.feature_norm === "layer",
  };
}

/** A file's name without folder and extension. */
const stem = (path: string): string => path.replace(/^.*[\\/]/su, "").replace(/(?<=.)\.[^.]*$/u, "");

/** The seed's depth and the default deepest one. */
function defaultDepths(unfold: ParsedConfig["unfold"], blocks: number): number[] {
  const deepest = defaultDeepest(unfold, blocks);
  return deepest === blocks ? [blocks] : [blocks, deepest];
}

/** Every block or repeatable block twice, or the length of an explicit schedule. */
export const defaultDeepest = ({ order, repeatable }: ParsedConfig["unfold"], blocks: number): number =>
  typeof order === "string" ? blocks + (repeatable?.length ?? blocks) : order.length;
