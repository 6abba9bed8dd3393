import { isDeepStrictEqual } from "node:util";
import { continuedCheckpointing } from "../memory/choose_checkpointing.ts";
import { UserError } from "../../engine/errors.ts";
import { declareModel, type Built } from "../../checkpoint/build_model.ts";
import type { Checkpoint } from "../../checkpoint/checkpoint.ts";
import { plainConfig, restoreConfig, type TrainConfig } from "../../config/config.ts";
import { isSection } from "../../config/camel_case.ts";
import type { SamplerState } from "../../data/batches/sampler.ts";

/** Sections and keys that do not change what a run computes from the same data. */
const HARMLESS = [
  "init",
  "data.folder",
  "data.train",
  "data.dev",
  "data.test",
  "data.cmvn",
  "data.skip_broken",
  "data.workers",
  "data.cache",
  "augment.noise.manifest",
  "units.tokenizer",
  "units.vocabulary",
  "units_of",
  "log",
  "checkpoint",
  "eval",
  "early_stop",
  "memory",
  "parallel",
];

/** Something that has changed since a run began. */
export interface Change {
  /** Such as `seed was 1, is now 2`. */
  readonly text: string;
  /** Whether the next batches differ from those that the checkpoint's sampler would have given. */
  readonly otherBatches: boolean;
}

/**
 * How a config differs from the one that a run began with.
 *
 * @param force resume with a changed config instead of refusing to
 * @throws UserError with the old and new values: without `force` for any change, with it only if the parameters would
 *   change
 */
export function configChanges(
  config: TrainConfig,
  { path, state }: Checkpoint,
  { force }: { force: boolean },
): Change[] {
  const saved = restoreConfig(state.config, path);
  return differences({ path, saved: plainConfig(saved), now: plainConfig(config) }, () => changesModel(config, saved), {
    force,
  });
}

/**
 * The same for the plain configs of any model.
 *
 * @param changesModel whether the parameters would change
 */
export function differences(
  { path, saved, now }: { readonly path: string; readonly saved: object; readonly now: object },
  changesModel: () => boolean,
  { force }: { force: boolean },
): Change[] {
  const found = differ(saved, now, "");
  if (found.length > 0 && changesModel())
    throw new UserError(
      `${path} was trained with another config: ${found.join(", ")}; this changes the model, so a new run is needed: choose another folder with --out`,
    );
  if (found.length > 0 && !force)
    throw new UserError(
      `${path} was trained with another config, so the run cannot be resumed exactly: ${found.join(", ")}; add --force to resume with the new one`,
    );
  return found.map((text) => ({ text, otherBatches: /^(seed|batch|augment)\b/u.test(text) }));
}

/**
 * The differences that change results between a config and one saved as plain values, such as `model.dim was 16, is now
 * 32`. Keys newer than the saved config take their defaults.
 *
 * @param source names the saved config in messages
 */
export function configDifferences(config: TrainConfig, saved: unknown, source: string): string[] {
  const before = restoreConfig(saved, source);
  return differ(plainConfig(before), plainConfig(continuedCheckpointing(config, before)), "");
}

/** Whether a config needs parameters that a run with the saved one lacks, or other units. */
function changesModel(config: TrainConfig, saved: TrainConfig): boolean {
  if (config.units.kind !== saved.units.kind) return true;
  const there = parameterShapes(saved);
  return [...parameterShapes(config)].some(([name, shape]) => there.get(name) !== shape);
}

function parameterShapes(config: TrainConfig): Map<string, string> {
  const [vocabulary, blank] = [2, 0]; // the checkpoint's units determine both, so any equal values do
  return shapesOf(declareModel(config, vocabulary, { lossScaled: config.precision === "f16", blank }));
}

/** The shape of each tensor that a model's checkpoint holds, as text. */
export const shapesOf = ({ parameters }: Pick<Built<unknown>, "parameters">): Map<string, string> =>
  new Map([...parameters.savedShapes].map(([name, shape]) => [name, shape.join(" ")]));

/** Whether the training set differs from the one the run began with; `digest` is `digestOf` the utterances read now. */
export function dataChanges(
  digest: string,
  { path, state }: Checkpoint<{ readonly step: number; readonly trainingSet?: string | undefined }>,
  { force }: { force: boolean },
): Change[] {
  if (state.trainingSet === undefined || state.trainingSet === digest) return [];
  if (!force)
    throw new UserError(
      `${path} was trained on other utterances than the training set has now, so the run cannot be resumed exactly; add --force to resume with the new ones`,
    );
  return [{ text: "the training set has other utterances", otherBatches: true }];
}

/** Whether other batches come, since another number of ranks than began the run resumes it, and a batch is as many times larger. */
export function rankChanges(
  ranks: number,
  { perRank }: { readonly perRank: boolean },
  { path, state }: Checkpoint<{ readonly step: number; readonly ranks?: number | undefined }>,
  { force }: { force: boolean },
): Change[] {
  const before = state.ranks ?? 1;
  if (before === ranks || !perRank) return [];
  if (!force)
    throw new UserError(
      `${path} was trained by ${before} ${before === 1 ? "rank" : "ranks"}, and batch.per_rank makes other batches for ${ranks}, so the run cannot be resumed exactly; ` +
        "add --force to resume with those",
    );
  return [{ text: `there were ${before} ranks, are now ${ranks}, with batch.per_rank`, otherBatches: true }];
}

/** The log's warning about a run resumed with changes. */
export const changeWarnings = (changes: readonly Change[]): string[] =>
  changes.length === 0 ? [] : [`resumed with --force despite changes: ${changes.map(({ text }) => text).join(", ")}`];

/** Where the sampler resumes: at the checkpoint's batch or, if the batches have changed, at the start of its epoch. */
export const samplerStart = (
  { state: { sampler } }: Checkpoint<{ readonly sampler: SamplerState }>,
  changes: readonly Change[],
): SamplerState => (changes.some(({ otherBatches }) => otherBatches) ? { ...sampler, batch: 0 } : sampler);

/** The differences between two plain values, such as `model.dim was 16, is now 32`. */
function differ(a: unknown, b: unknown, key: string): string[] {
  if (isDeepStrictEqual(a, b) || HARMLESS.includes(key)) return [];
  if (!isSection(a) || !isSection(b))
    return [`${key} was ${JSON.stringify(a) ?? "not given"}, is now ${JSON.stringify(b) ?? "not given"}`];
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].flatMap((name) =>
    differ(a[name], b[name], key === "" ? name : `${key}.${name}`),
  );
}
