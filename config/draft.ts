import { isSection } from "./camel_case.ts";
import type { SourceOf } from "./checks/faults.ts";
import type { ConfigPlaces } from "./complete.ts";
import { checkConfig } from "./config.ts";
import { inherit, type Origin } from "./origin.ts";
import { applyOverride, parseOverride } from "./overrides.ts";
import type { TrainConfig } from "./plain.ts";
import { parseYaml } from "./yaml.ts";

/** A config as written, with `--set` overrides applied, before any checks. */
export interface ConfigDraft {
  readonly value: unknown;
  readonly sourceOf: SourceOf;
  /** Path of the checkpoint to start from, as written in the config; null if none. */
  readonly init: string | null;
}

/**
 * Parses a config's YAML and applies `--set` overrides.
 *
 * @param file      what to call it in messages
 * @param overrides `key.sub=value` each; later ones win
 * @throws UserError for invalid YAML or an invalid override
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
  return { value: given, sourceOf, init: typeof init === "string" && init !== "" ? init : null }; // the schema reports anything else
}

/**
 * Checks a draft and fills in defaults.
 *
 * @param origin the contents of the `init` checkpoint; the draft's own keys take precedence
 * @throws UserError with one line per fault, naming file, line, the key's path, what was expected and what was given
 */
export function finishConfig(
  { value, sourceOf }: ConfigDraft,
  places: ConfigPlaces,
  origin?: Pick<Origin, "config" | "units">,
): TrainConfig {
  return checkConfig(origin && isSection(value) ? inherit(value, origin) : value, places, sourceOf);
}
