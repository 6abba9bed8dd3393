import { UserError } from "../engine/errors.ts";
import { scheduleOf } from "../train/build_model.ts";
import type { TrainConfig } from "../train/config.ts";
import { evaluatedPaths, type DepthPath } from "../train/depths.ts";

/** Deeper than anybody trains, shallow enough to end. */
const DEEPEST = 1000;

/** The paths of `--depths 2,4,6`, or those that the config evaluates. Throws UserError for depths that are none. */
export function parseDepths(text: string | undefined, config: TrainConfig): DepthPath[] {
  if (text === undefined) return evaluatedPaths(config);
  const depths = text.split(",").map((part) => {
    const depth = Number(part);
    if (part.trim() === "" || !Number.isInteger(depth) || depth < 1 || depth > DEEPEST)
      throw new UserError(`--depths: expected whole numbers from 1 to ${DEEPEST} with commas between them, such as 2,4,6, got '${text}'`);
    return depth;
  });
  return [...new Set(depths)].map((depth) => ({ depth, schedule: scheduleOf(config, depth) }));
}

/** A whole number of at least 1, as `--beam` takes it. */
export function parsePositive(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new UserError(`${option}: expected a whole number from 1, got '${text}'`);
  return value;
}
