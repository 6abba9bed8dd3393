import { readFileSync } from "node:fs";
import path from "node:path";
import { UserError } from "../engine/errors.ts";
import { loadState } from "./checkpoint.ts";
import { completeConfig } from "./config/complete.ts";
import type { ConfigFolders } from "./config/complete.ts";
import { crossChecks } from "./config/cross_checks.ts";
import { schemaFaults } from "./config/faults.ts";
import type { Fault } from "./config/faults.ts";
import { inherit } from "./config/from_init.ts";
import { applyOverride, parseOverride } from "./config/overrides.ts";
import type { TrainConfig } from "./config/plain.ts";
import { configSchema } from "./config/schema.ts";
import { isSection } from "./config/sections.ts";
import { parseYaml } from "./config/source.ts";

export { configToYaml, plainConfig } from "./config/plain.ts";
export type { TrainConfig } from "./config/plain.ts";

/** Names the place of a key in messages. */
type SourceOf = (path: readonly PropertyKey[]) => string;

export interface ConfigOptions {
  /** What `--data` gave: takes the place of `data.folder`. Relative to the working directory. */
  dataFolder?: string | undefined;
  /** The checkpoint of a run that is resumed: what `init` gave it is read there. */
  resumedFrom?: string | undefined;
}

/**
 * Reads a YAML config, applies what `--set` gave, checks everything and fills in defaults. Relative paths in it start at
 * the config's own folder, those of manifests at `data.folder`.
 *
 * @param overrides `key.sub=value` each, later ones win
 * @throws UserError if the file cannot be read or is not YAML, or with one line for each thing that is wrong in it, which
 *   names file, line, the key's path, what was expected and what came
 */
export function loadConfig(
  file: string,
  overrides: readonly string[] = [],
  { dataFolder, resumedFrom }: ConfigOptions = {},
): TrainConfig {
  const { value, lineOf } = parseYaml(readConfigFile(file), file);
  const sets = overrides.map(parseOverride);
  const base = path.dirname(path.resolve(file));
  const given = sets.reduce(applyOverride, value ?? {});
  const sourceOf = (at: readonly PropertyKey[]) => {
    const override = sets.findLast(
      ({ path: set }) => set.every((key, i) => key === at[i]) || at.every((key, i) => key === set[i]),
    );
    if (override && at.length > 0) return `--set ${override.text}`;
    const line = lineOf(at);
    return line === null ? file : `${file}, line ${line}`;
  };
  return check(withInit(given, base, resumedFrom, sourceOf), { base, data: dataFolder }, sourceOf);
}

/** A config's values with those of the checkpoint that it starts from, if it names one. */
function withInit(given: unknown, base: string, resumedFrom: string | undefined, sourceOf: SourceOf): unknown {
  const init = isSection(given) ? given["init"] : undefined;
  if (!isSection(given) || typeof init !== "string" || init === "") return given; // what is wrong with it, the schema says
  try {
    return inherit(given, loadState(resumedFrom ?? path.resolve(base, init)));
  } catch (error) {
    if (error instanceof UserError)
      throw new UserError(`${sourceOf(["init"])}: init: ${error.message.replace(/\.?$/u, ".")}`);
    throw error;
  }
}

/**
 * The same for a config that a checkpoint or a log keeps, as `plainConfig` wrote it.
 *
 * @param source names it in messages
 */
export function restoreConfig(plain: unknown, source: string, { dataFolder }: ConfigOptions = {}): TrainConfig {
  return check(plain, { base: ".", data: dataFolder }, () => source);
}

function check(value: unknown, folders: ConfigFolders, sourceOf: SourceOf): TrainConfig {
  const parsed = configSchema.safeParse(value);
  const faults = parsed.success ? crossChecks(parsed.data) : schemaFaults(parsed.error.issues, value, configSchema);
  if (faults.length > 0) throw new UserError(faults.map((fault) => faultSentence(fault, sourceOf)).join("\n"));
  return completeConfig(parsed.data!, folders);
}

/** What is wrong as a sentence that begins with where. */
export function faultSentence({ path: at, message }: Fault, sourceOf: SourceOf): string {
  const name = at
    .map((key, i) => (typeof key === "number" ? `[${key}]` : `${i > 0 ? "." : ""}${String(key)}`))
    .join("");
  return `${sourceOf(at)}: ${name === "" ? "the config" : name}${message.startsWith("expected") ? ":" : ""} ${message}.`;
}

/** A config's text. Throws UserError where there is none. */
export function readConfigFile(file: string): string {
  try {
    return readFileSync(file, "utf8").replace(/^\uFEFF/u, "");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new UserError(
      `cannot read the config ${file}: ${code === "ENOENT" ? "there is no such file" : code === "EISDIR" ? "it is a folder" : message}.`,
    );
  }
}
