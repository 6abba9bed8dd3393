import { isDeepStrictEqual } from "node:util";
import { UserError } from "../engine/errors.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { plainConfig, restoreConfig, type TrainConfig } from "./config.ts";

/** Sections and keys that change nothing about what a run computes from the same data. */
const HARMLESS = ["data.folder", "data.train", "data.dev", "data.test", "data.skip_broken", "units.tokenizer", "log", "checkpoint", "eval", "early_stop", "memory"];

/** Refuses to resume with another config than the run began with. Throws a UserError that names what was and what is now. */
export function expectSameConfig(config: TrainConfig, { path, state }: Checkpoint): void {
  const differences = configDifferences(config, state.config, path);
  if (differences.length > 0) throw new UserError(`${path} was trained with another config, so the run cannot be resumed exactly: ${differences.join(", ")}`);
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

/** Refuses to resume with other utterances, by the digest that `digestOf` gave of those now read. */
export function expectSameData(digest: string, { path, state }: Checkpoint): void {
  if (state.trainingSet !== undefined && state.trainingSet !== digest)
    throw new UserError(`${path} was trained on other utterances than those of the training set now, so the run cannot be resumed exactly`);
}

/** Where two plain values differ, as `model.dim was 16, is now 32`. */
function differ(a: unknown, b: unknown, key: string): string[] {
  if (isDeepStrictEqual(a, b) || HARMLESS.includes(key)) return [];
  if (!isSection(a) || !isSection(b)) return [`${key} was ${JSON.stringify(a) ?? "not given"}, is now ${JSON.stringify(b) ?? "not given"}`];
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].flatMap((name) => differ(a[name], b[name], key === "" ? name : `${key}.${name}`));
}

const isSection = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);
