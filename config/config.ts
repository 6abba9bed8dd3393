import { UserError } from "../engine/errors.ts";
import { crossChecks } from "./checks/cross_checks.ts";
import { faultSentence, schemaFaults, type SourceOf } from "./checks/faults.ts";
import { completeConfig, type ConfigPlaces } from "./complete.ts";
import type { TrainConfig } from "./plain.ts";
import { configSchema } from "./schema/schema.ts";

export { plainConfig } from "./plain.ts";
export type { TrainConfig } from "./plain.ts";

/** Leaves paths as they are. */
export const unchangedPaths: ConfigPlaces = {
  base: "",
  data: undefined,
  resolve: (...paths) => paths.at(-1) as string,
};

/**
 * Restores a config from a checkpoint or a log, where `plainConfig` wrote it. Paths are left unchanged.
 *
 * @param source what to call it in messages
 * @throws UserError with one line per fault
 */
export function restoreConfig(plain: unknown, source: string): TrainConfig {
  return checkConfig(plain, unchangedPaths, () => source);
}

/**
 * Checks a config's values and fills in defaults.
 *
 * @param sourceOf gives a key's location for messages
 * @throws UserError with one line per fault
 */
export function checkConfig(value: unknown, places: ConfigPlaces, sourceOf: SourceOf): TrainConfig {
  const parsed = configSchema.safeParse(value);
  const faults = parsed.success ? crossChecks(parsed.data) : schemaFaults(parsed.error.issues, value, configSchema);
  if (faults.length > 0) throw new UserError(faults.map((fault) => faultSentence(fault, sourceOf)).join("\n"));
  return completeConfig(parsed.data!, places);
}
