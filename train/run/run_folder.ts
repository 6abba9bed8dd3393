import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../../engine/errors.ts";
import { loadState } from "../../checkpoint/checkpoint_file.ts";
import { LAST_FILE } from "./kept_checkpoints.ts";

/** Whether a run has got as far as its first checkpoint. */
export const isResumable = (folder: string): boolean => existsSync(join(folder, LAST_FILE));

/**
 * Refuses to begin a run where there is one already or another process is at work, and to resume one where there is none. A
 * run that ended before its first step is none.
 */
export function expectRun(folder: string, { resume }: { resume: boolean }): void {
  const resumable = isResumable(folder);
  if (resume && !resumable) throw new UserError(`${folder} holds no run to resume: ${LAST_FILE} is not there`);
  if (resume) return;
  const others = statSync(folder, { throwIfNoEntry: false })?.isDirectory()
    ? readdirSync(folder).filter((name) => /^(best|last-\d+|best-\d+)\.safetensors$/u.test(name))
    : [];
  if (resumable && (others.length > 0 || loadState(join(folder, LAST_FILE)).step > 0))
    throw new UserError(
      `${folder} already holds a run: add --resume to go on with it, or choose another folder with --out`,
    );
  if (others[0] !== undefined)
    throw new UserError(`${folder} already holds the ${others[0]} of another run: choose another folder with --out`);
}
