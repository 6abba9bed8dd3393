import { isDeepStrictEqual } from "node:util";
import { UserError } from "../engine/errors.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { plainConfig, type TrainConfig } from "./config.ts";

/** Sections that change nothing about what a run computes. */
const HARMLESS = ["data", "log", "checkpoint", "eval"];

/** Refuses to resume with another config than the run began with, naming the differences. */
export function expectSameConfig(config: TrainConfig, { path, state }: Checkpoint): void {
  const differences = differ(state.config, plainConfig(config), "").filter((key) => !HARMLESS.includes(key.split(".")[0] as string));
  if (differences.length > 0)
    throw new UserError(`${path} was trained with another config, so the run cannot be resumed exactly: ${differences.join(", ")} differ${differences.length === 1 ? "s" : ""}`);
}

/** The keys, as `model.dim`, in which two plain values differ. */
function differ(a: unknown, b: unknown, key: string): string[] {
  if (isDeepStrictEqual(a, b)) return [];
  if (!isSection(a) || !isSection(b)) return [key];
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].flatMap((name) => differ(a[name], b[name], key === "" ? name : `${key}.${name}`));
}

const isSection = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);
