import { isSection } from "./camel_case.ts";
import type { SourceOf } from "./checks/faults.ts";
import type { ConfigPlaces } from "./complete.ts";
import { checkConfig } from "./config.ts";
import { inherit, type Origin } from "./origin.ts";
import { applyOverride, parseOverride } from "./overrides.ts";
import type { TrainConfig } from "./plain.ts";
import { parseYaml } from "./yaml.ts";

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
  return checkConfig(origin && isSection(value) ? inherit(value, origin) : value, places, sourceOf);
}
