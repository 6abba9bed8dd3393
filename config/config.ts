import { UserError } from "../engine/errors.ts";
import { crossChecks } from "./checks/cross_checks.ts";
import { schemaFaults, type Fault } from "./checks/faults.ts";
import { completeConfig, type ConfigPlaces } from "./complete.ts";
import { isSection } from "./camel_case.ts";
import { inherit, type Origin } from "./origin.ts";
import { applyOverride, parseOverride } from "./overrides.ts";
import type { TrainConfig } from "./plain.ts";
import { configSchema } from "./schema/schema.ts";
import { parseYaml } from "./yaml_source.ts";

export { configToYaml, plainConfig } from "./plain.ts";
export type { TrainConfig } from "./plain.ts";

/** Names the place of a key in messages. */
export type SourceOf = (path: readonly PropertyKey[]) => string;

/** A config as it was written, with what `--set` gave, before anything is checked. */
export interface ConfigDraft {
  readonly value: unknown;
  readonly sourceOf: SourceOf;
  /** The checkpoint that the run starts from, as the config names it; null if it names none. */
  readonly init: string | null;
}

/**
 * Reads a config's YAML and applies what `--set` gave.
 *
 * @param file      names it in messages
 * @param overrides `key.sub=value` each, later ones win
 * @throws UserError if it is not YAML, or an override is none
 */
export function parseDraft(yaml: string, file: string, overrides: readonly string[] = []): ConfigDraft {
  const { value, lineOf } = parseYaml(yaml, file);
  const sets = overrides.map(parseOverride);
  const given = sets.reduce(applyOverride, value ?? {});
  const sourceOf = (at: readonly PropertyKey[]) => {
    const override = sets.findLast(
      ({ path: set }) => set.every((key, i) => key === at[i]) || at.every((key, i) => key === set[i]),
    );
    if (override && at.length > 0) return `--set ${override.text}`;
    const line = lineOf(at);
    return line === null ? file : `${file}, line ${line}`;
  };
  const init = isSection(given) ? given["init"] : undefined;
  return { value: given, sourceOf, init: typeof init === "string" && init !== "" ? init : null }; // what else is wrong with it, the schema says
}

/**
 * Checks a draft and fills in defaults.
 *
 * @param origin what the checkpoint of `init` keeps: the draft's own keys take precedence over its
 * @throws UserError with one line for each fault, which names file, line, the key's path, what was expected and what came
 */
export function finishConfig(
  { value, sourceOf }: ConfigDraft,
  places: ConfigPlaces,
  origin?: Pick<Origin, "config" | "units">,
): TrainConfig {
  return check(origin && isSection(value) ? inherit(value, origin) : value, places, sourceOf);
}

/**
 * The same for a config that a checkpoint or a log keeps, as `plainConfig` wrote it: its paths stay as they are.
 *
 * @param source names it in messages
 */
export function restoreConfig(plain: unknown, source: string): TrainConfig {
  const resolve = (...paths: string[]): string => paths.at(-1) as string;
  return check(plain, { base: "", data: undefined, resolve }, () => source);
}

function check(value: unknown, places: ConfigPlaces, sourceOf: SourceOf): TrainConfig {
  const parsed = configSchema.safeParse(value);
  const faults = parsed.success ? crossChecks(parsed.data) : schemaFaults(parsed.error.issues, value, configSchema);
  if (faults.length > 0) throw new UserError(faults.map((fault) => faultSentence(fault, sourceOf)).join("\n"));
  return completeConfig(parsed.data!, places);
}

/** What is wrong as a sentence that begins with where. */
export function faultSentence({ path: at, message }: Fault, sourceOf: SourceOf): string {
  const name = at
    .map((key, i) => (typeof key === "number" ? `[${key}]` : `${i > 0 ? "." : ""}${String(key)}`))
    .join("");
  return `${sourceOf(at)}: ${name === "" ? "the config" : name}${message.startsWith("expected") ? ":" : ""} ${message}.`;
}
