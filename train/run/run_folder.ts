import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../../engine/errors.ts";
import { isLanguageModelFile, loadLanguageModelState, loadState } from "../../checkpoint/checkpoint_file.ts";
import { LAST_FILE } from "./kept_checkpoints.ts";

/** Whether a run has reached its first checkpoint. */
export const isResumable = (folder: string): boolean => existsSync(join(folder, LAST_FILE));

/**
 * Refuses to begin a run in a folder that already holds one, and to resume one in a folder that holds none. A run that
 * ended before its first step does not count.
 */
export function expectRun(folder: string, { resume }: { resume: boolean }): void {
  const resumable = isResumable(folder);
  if (resume && !resumable) throw new UserError(`${folder} holds no run to resume: ${LAST_FILE} is missing`);
  if (resume) return;
  const others = statSync(folder, { throwIfNoEntry: false })?.isDirectory()
    ? readdirSync(folder).filter((name) => /^(best|last-\d+|best-\d+)\.safetensors$/u.test(name))
    : [];
  if (resumable && (others.length > 0 || stepOf(join(folder, LAST_FILE)) > 0))
    throw new UserError(
      `${folder} already holds a run: add --resume to continue it, or choose another folder with --out`,
    );
  if (others[0] !== undefined)
    throw new UserError(`${folder} already holds ${others[0]} from another run: choose another folder with --out`);
}

/** Steps done in a run of either kind. */
const stepOf = (file: string): number =>
  (isLanguageModelFile(file) ? loadLanguageModelState(file) : loadState(file)).step;
