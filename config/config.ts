import { UserError } from "../engine/errors.ts";
import { crossChecks } from "./checks/cross_checks.ts";
import { faultSentence, schemaFaults, type SourceOf } from "./checks/faults.ts";
import { completeConfig, type ConfigPlaces } from "./complete.ts";
import type { TrainConfig } from "./plain.ts";
import { configSchema } from "./schema/schema.ts";

export { plainConfig } from "./plain.ts";
export type { TrainConfig } from "./plain.ts";

/**
 * A config that a checkpoint or a log keeps, as `plainConfig` wrote it. Its paths stay as they are.
 *
 * @param source names it in messages
 * @throws UserError with one line for each fault
 */
export function restoreConfig(plain: unknown, source: string): TrainConfig {
  const resolve = (...paths: string[]): string => paths.at(-1) as string;
  return checkConfig(plain, { base: "", data: undefined, resolve }, () => source);
}

/**
 * Checks a config's values and fills in defaults.
 *
 * @param sourceOf names the place of a key in messages
 * @throws UserError with one line for each fault
 */
export function checkConfig(value: unknown, places: ConfigPlaces, sourceOf: SourceOf): TrainConfig {
  const parsed = configSchema.safeParse(value);
  const faults = parsed.success ? crossChecks(parsed.data) : schemaFaults(parsed.error.issues, value, configSchema);
  if (faults.length > 0) throw new UserError(faults.map((fault) => faultSentence(fault, sourceOf)).join("\n"));
  return completeConfig(parsed.data!, places);
}
