import { UserError } from "../../engine/errors.ts";

/** Steps profiled by `--profile` without a number. */
export const PROFILED_STEPS = 3;

/** More would make a trace that no viewer opens. */
const MOST_STEPS = 100;

/** The number of `--profile 5`. Throws UserError for an invalid one, such as the config's name. */
export function parseProfile(given: true | string | undefined): number | undefined {
  if (given === undefined) return undefined;
  if (given === true) return PROFILED_STEPS;
  const steps = /^\d+$/u.test(given) ? Number(given) : 0;
  if (steps < 1 || steps > MOST_STEPS)
    throw new UserError(
      `--profile: expected a whole number of steps from 1 to ${MOST_STEPS}, or nothing after it, got '${given}'`,
    );
  return steps;
}
