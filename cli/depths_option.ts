import { UserError } from "../engine/errors.ts";
import { scheduleOf } from "../train/build_model.ts";
import type { TrainConfig } from "../train/config.ts";
import { evaluatedPaths, type DepthPath } from "../train/depths.ts";

/** Deeper than anybody trains, shallow enough to end. */
const DEEPEST = 1000;

/** Wider beams find nothing more and take all memory. */
const WIDEST_BEAM = 1000;

/** The paths of `--depths 2,4,6`, or those that the config evaluates. Throws UserError for depths that are none. */
export function parseDepths(text: string | undefined, config: TrainConfig): DepthPath[] {
  if (text === undefined) return evaluatedPaths(config);
  const parts = text.split(",");
  if (!parts.every(isDepth)) throw new UserError(`--depths: expected whole numbers from 1 to ${DEEPEST} with commas between them, such as 2,4,6, got '${text}'`);
  return [...new Set(parts.map(Number))].map((depth) => ({ depth, schedule: scheduleOf(config, depth) }));
}

/** The path of `--depth 4`, or the deepest that the config evaluates. Throws UserError for a depth that is none. */
export function parseDepth(text: string | undefined, config: TrainConfig): DepthPath {
  if (text === undefined) return evaluatedPaths(config).at(-1) as DepthPath;
  if (!isDepth(text)) throw new UserError(`--depth: expected a whole number from 1 to ${DEEPEST}, got '${text}'`);
  return { depth: Number(text), schedule: scheduleOf(config, Number(text)) };
}

const isDepth = (text: string): boolean => isWhole(text) && Number(text) >= 1 && Number(text) <= DEEPEST;

const isWhole = (text: string): boolean => /^\s*\d+\s*$/u.test(text);

/** The width of `--beam 8`. Throws UserError for one that is none. */
export function parseBeam(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!isWhole(text) || Number(text) < 1 || Number(text) > WIDEST_BEAM) throw new UserError(`--beam: expected a whole number from 1 to ${WIDEST_BEAM}, got '${text}'`);
  return Number(text);
}
