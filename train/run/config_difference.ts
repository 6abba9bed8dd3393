import { isDeepStrictEqual } from "node:util";
import { UserError } from "../../engine/errors.ts";
import { declareModel } from "../../checkpoint/build_model.ts";
import type { Checkpoint } from "../../checkpoint/checkpoint.ts";
import { plainConfig, restoreConfig, type TrainConfig } from "../../config/config.ts";
import { isSection } from "../../config/camel_case.ts";
import type { SamplerState } from "../../data/batches/sampler.ts";

/** Sections and keys that change nothing about what a run computes from the same data. */
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
  "log",
  "checkpoint",
  "eval",
  "early_stop",
  "memory",
];

/** Something that is not as it was when a run began. */
export interface Change {
  /** As `seed was 1, is now 2`. */
  readonly text: string;
  /** Other batches come next than those that the checkpoint's sampler stood before. */
  readonly otherBatches: boolean;
}

/**
 * How a config differs from the one that a run began with.
 *
 * @param force do not refuse to go on with another one
 * @throws UserError, with what was and what is now, without `force`, and with it where the parameters would be others
 */
export function configChanges(
  config: TrainConfig,
  { path, state }: Checkpoint,
  { force }: { force: boolean },
): Change[] {
  const differences = configDifferences(config, state.config, path);
  if (differences.length > 0 && isOtherModel(config, restoreConfig(state.config, path)))
    throw new UserError(
      `${path} was trained with another config: ${differences.join(", ")}; that is another model, so a new run is needed: choose another folder with --out`,
    );
  if (differences.length > 0 && !force)
    throw new UserError(
      `${path} was trained with another config, so the run cannot be resumed exactly: ${differences.join(", ")}; --force goes on with the new one`,
    );
  return differences.map((text) => ({ text, otherBatches: /^(seed|batch|augment)\b/u.test(text) }));
}

/**
 * Where a config differs, in what changes results, from one that was kept as plain values: `model.dim was 16, is now 32`. Keys that
 * the kept one is older than have their defaults.
 *
 * @param source names the kept one in messages
 */
export function configDifferences(config: TrainConfig, kept: unknown, source: string): string[] {
  return differ(plainConfig(restoreConfig(kept, source)), plainConfig(config), "");
}

/** Whether a config needs parameters that a run with the kept one does not have, or other units. */
function isOtherModel(config: TrainConfig, kept: TrainConfig): boolean {
  if (config.units.kind !== kept.units.kind) return true;
  const there = parameterShapes(kept);
  return [...parameterShapes(config)].some(([name, shape]) => there.get(name) !== shape);
}

function parameterShapes(config: TrainConfig): Map<string, string> {
  const [vocabulary, blank] = [2, 0]; // those of the checkpoint's units in both, whatever they are
  const { parameters } = declareModel(config, vocabulary, { lossScaled: config.precision === "f16", blank });
  return new Map([...parameters.savedShapes].map(([name, shape]) => [name, shape.join(" ")]));
}

/** How the utterances differ from those that a run began with, by the digest that `digestOf` gave of those now read. */
export function dataChanges(digest: string, { path, state }: Checkpoint, { force }: { force: boolean }): Change[] {
  if (state.trainingSet === undefined || state.trainingSet === digest) return [];
  if (!force)
    throw new UserError(
      `${path} was trained on other utterances than those of the training set now, so the run cannot be resumed exactly; --force goes on with the new ones`,
    );
  return [{ text: "the training set has other utterances", otherBatches: true }];
}

/** What the log says of a run that goes on with changes. */
export const changeWarnings = (changes: readonly Change[]): string[] =>
  changes.length === 0
    ? []
    : [`resumed with --force, not as the run began: ${changes.map(({ text }) => text).join(", ")}`];

/** Where the sampler goes on: at the checkpoint's batch, or with other batches at the beginning of its epoch. */
export const samplerStart = ({ state: { sampler } }: Checkpoint, changes: readonly Change[]): SamplerState =>
  changes.some(({ otherBatches }) => otherBatches) ? { ...sampler, batch: 0 } : sampler;

/** Where two plain values differ, as `model.dim was 16, is now 32`. */
function differ(a: unknown, b: unknown, key: string): string[] {
  if (isDeepStrictEqual(a, b) || HARMLESS.includes(key)) return [];
  if (!isSection(a) || !isSection(b))
    return [`${key} was ${JSON.stringify(a) ?? "not given"}, is now ${JSON.stringify(b) ?? "not given"}`];
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].flatMap((name) =>
    differ(a[name], b[name], key === "" ? name : `${key}.${name}`),
  );
}
