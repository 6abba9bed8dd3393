import path from "node:path";
import { UserError } from "../engine/errors.ts";
import { type TrainConfig } from "../config/config.ts";
import { finishConfig, parseDraft, type ConfigDraft } from "../config/draft.ts";
import { inputName, readInputSync } from "../data/files/input.ts";
import { decodeUtf8 } from "../data/files/utf8.ts";
import type { Origin } from "../config/origin.ts";
import { type CheckpointState } from "./checkpoint.ts";
import { loadState } from "./checkpoint_file.ts";

export interface ConfigOptions {
  /** Value of `--data`, which replaces `data.folder`. Relative to the working directory. */
  readonly dataFolder?: string | undefined;
  /** The checkpoint of a resumed run, which is read instead of that of `init`. */
  readonly resumedFrom?: string | undefined;
}

/**
 * Reads a YAML config, applies `--set` overrides, inherits settings from the checkpoint of `init`, validates everything
 * and fills in defaults. Relative paths start at the config's own folder, those of manifests at `data.folder`.
 *
 * @param overrides each `key.sub=value`; later ones win
 * @throws UserError if the file cannot be read or is not YAML, or with one line per error, naming the file, line and
 *   key path, what was expected and what was found
 */
export function loadConfig(
  file: string,
  overrides: readonly string[] = [],
  { dataFolder, resumedFrom }: ConfigOptions = {},
): TrainConfig {
  const draft = parseDraft(readConfigFile(file), inputName(file), overrides);
  const base = path.dirname(path.resolve(file));
  const origin = draft.init === null ? undefined : stateOfInit(draft, resumedFrom ?? path.resolve(base, draft.init));
  return finishConfig(draft, { base, data: dataFolder, resolve: path.resolve }, origin);
}

function stateOfInit({ sourceOf }: ConfigDraft, checkpoint: string): CheckpointState {
  try {
    return loadState(checkpoint);
  } catch (error) {
    if (error instanceof UserError)
      throw new UserError(`${sourceOf(["init"])}: init: ${error.message.replace(/\.?$/u, ".")}`);
    throw error;
  }
}

/**
 * What a run inherits from the checkpoint that it resumes from, or else from its config's `init`; undefined without
 * either.
 */
export function originOf(
  { init }: Pick<TrainConfig, "init">,
  resumed?: { readonly path: string; readonly state: CheckpointState },
): Origin | undefined {
  if (resumed) return { ...resumed.state, path: resumed.path, resumed: true };
  return init === null ? undefined : { ...loadState(init), path: init, resumed: false };
}

/** Reads a config's text. Throws UserError if it cannot be read or is not UTF-8. */
export function readConfigFile(file: string): string {
  try {
    return decodeUtf8(readInputSync(file), inputName(file));
  } catch (error) {
    if (error instanceof UserError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    throw new UserError(
      `cannot read the config ${inputName(file)}: ${code === "ENOENT" ? "there is no such file" : code === "EISDIR" ? "it is a folder" : message}.`,
    );
  }
}
