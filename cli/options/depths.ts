import { UserError } from "../../engine/errors.ts";
import { scheduleOf, evaluatedPaths, type DepthPath } from "../../config/depths.ts";
import type { TrainConfig } from "../../config/config.ts";

/** Deeper than anyone trains, shallow enough to finish. */
const DEEPEST = 1000;

/** Wider beams find nothing more and use up all memory. */
const WIDEST_BEAM = 1000;

/** The depths of `--depths 2,4,6`, each once. Throws UserError for invalid depths. */
export function parseDepthNumbers(text: string | undefined, option = "--depths"): number[] | undefined {
  if (text === undefined) return undefined;
  const parts = text.split(",");
  if (!parts.every(isDepth))
    throw new UserError(
      `${option}: expected whole numbers from 1 to ${DEEPEST} separated by commas, such as 2,4,6, got '${text}'`,
    );
  return [...new Set(parts.map(Number))];
}

/** The depth of an option such as `--depth 4`. Throws UserError for an invalid depth. */
export function parseDepthNumber(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!isDepth(text)) throw new UserError(`${option}: expected a whole number from 1 to ${DEEPEST}, got '${text}'`);
  return Number(text);
}

/** The paths of `--depths 2,4,6`, or those that the config evaluates. Throws UserError for invalid depths. */
export function parseDepths(text: string | undefined, config: TrainConfig): DepthPath[] {
  return (
    parseDepthNumbers(text)?.map((depth) => ({ depth, schedule: scheduleOf(config, depth) })) ?? evaluatedPaths(config)
  );
}

/** The path of `--depth 4`, or the deepest that the config evaluates. Throws UserError for an invalid depth. */
export function parseDepth(text: string | undefined, config: TrainConfig): DepthPath {
  const depth = parseDepthNumber("--depth", text);
  return depth === undefined
    ? (evaluatedPaths(config).at(-1) as DepthPath)
    : { depth, schedule: scheduleOf(config, depth) };
}

const isDepth = (text: string): boolean => isWhole(text) && Number(text) >= 1 && Number(text) <= DEEPEST;

const isWhole = (text: string): boolean => /^\s*\d+\s*$/u.test(text);

/** The width of `--beam 8`. Throws UserError for an invalid one. */
export const parseBeam = (text: string | undefined): number | undefined => parseWidth("--beam", text);

/** The number of `--nbest 5`, at most the beam's width. Throws UserError for an invalid one. */
export const parseNbest = (text: string | undefined): number | undefined => parseWidth("--nbest", text);

function parseWidth(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!isWhole(text) || Number(text) < 1 || Number(text) > WIDEST_BEAM)
    throw new UserError(`${option}: expected a whole number from 1 to ${WIDEST_BEAM}, got '${text}'`);
  return Number(text);
}
