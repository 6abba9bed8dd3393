import path from "node:path";
import { camelKeys } from "./camel_case.ts";
import { specAugmentSchema } from "./data_schema.ts";
import { maskingSchema } from "./masking_schema.ts";
import type { ParsedConfig } from "./schema.ts";

export interface ConfigFolders {
  /** Where relative paths of the config start. */
  base: string;
  /** Takes the place of `data.folder`; relative to the working directory. */
  data?: string | undefined;
}

/** Fills in what depends on other keys, makes paths absolute, and gives keys their TypeScript names. */
export function completeConfig(parsed: ParsedConfig, folders: ConfigFolders) {
  const { data, augment, batch, model, unfold, units, schedule, eval: evaluation, checkpoint } = parsed;
  const folder =
    folders.data !== undefined ? path.resolve(folders.data) : path.resolve(folders.base, data.folder ?? ".");
  const inFolder = (file: string) => path.resolve(folder, file);
  const tests = typeof data.test === "string" ? { [path.parse(data.test).name]: data.test } : (data.test ?? {});
  const { blocks } = model;

  return camelKeys({
    ...parsed,
    init: parsed.init === null ? null : path.resolve(folders.base, parsed.init),
    data: {
      ...data,
      folder,
      train: inFolder(data.train),
      dev: inFolder(data.dev),
      cmvn: data.cmvn === null ? null : path.resolve(folders.base, data.cmvn),
      cache: typeof data.cache === "string" ? path.resolve(folders.base, data.cache) : data.cache,
      test: Object.entries(tests).map(([name, manifest]) => ({ name, manifest: inFolder(manifest) })),
    },
    augment: augment && {
      ...augment,
      noise: augment.noise && { ...augment.noise, manifest: inFolder(augment.noise.manifest) },
    },
    units: {
      ...units,
      tokenizer: units.tokenizer == null ? null : path.resolve(folders.base, units.tokenizer),
      vocabulary: units.vocabulary == null ? null : path.resolve(folders.base, units.vocabulary),
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
    unfold: { ...unfold, depths: (unfold.depths ?? defaultDepths(unfold.order, blocks)).toSorted((a, b) => a - b) },
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
      beam: evaluation.beam ?? null,
      batch_size: evaluation.batch_size,
      lm: evaluation.lm && { ...evaluation.lm, arpa: path.resolve(folders.base, evaluation.lm.arpa) },
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

function completeModel(model: ParsedConfig["model"]) {
  if (model.kind === "conformer") return { ...model, subsampling_channels: model.subsampling_channels ?? model.dim };
  return {
    ...model,
    positions: model.positions ?? (model.kind === "wav2vec2_conformer" ? ("relative" as const) : ("none" as const)),
    attention_mask: model.attention_mask ?? model.feature_norm === "layer",
  };
}

/** The seed and twice its depth, or the seed and the whole of an explicit schedule. */
function defaultDepths(order: ParsedConfig["unfold"]["order"], blocks: number): number[] {
  const deepest = typeof order === "string" ? 2 * blocks : order.length;
  return deepest === blocks ? [blocks] : [blocks, deepest];
}
