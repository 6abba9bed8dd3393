import { UserError } from "../../engine/errors.ts";

/** Steps that `--profile` without a number looks at. */
export const PROFILED_STEPS = 3;

/** More make a trace that no viewer opens. */
const MOST_STEPS = 100;

/** The number of `--profile 5`. Throws UserError for one that is none, such as the config's name. */
export function parseProfile(given: true | string | undefined): number | undefined {
  if (given === undefined) return undefined;
  if (given === true) return PROFILED_STEPS;
  const steps = /^\d+$/u.test(given) ? Number(given) : 0;
  if (steps < 1 || steps > MOST_STEPS)
    throw new UserError(
      `--profile: expected a whole number of steps from 1 to ${MOST_STEPS}, or no word after it, got '${given}'`,
    );
  return steps;
}
