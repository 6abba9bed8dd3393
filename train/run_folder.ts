import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../engine/errors.ts";

/** Makes the folder of a run, with those above it. Throws a UserError where there can be none, as in place of a file. */
export function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new UserError(`the folder ${folder} cannot be made: ${code === "EEXIST" || code === "ENOTDIR" ? "a file is in its place" : message}`);
  }
}

/** Refuses to begin a run where there is one already, and to resume one where there is none. */
export function expectRun(folder: string, { resume }: { resume: boolean }): void {
  const resumable = existsSync(join(folder, "last.safetensors"));
  if (resume && !resumable) throw new UserError(`${folder} holds no run to resume: last.safetensors is not there`);
  if (resume) return;
  if (resumable) throw new UserError(`${folder} already holds a run: add --resume to go on with it, or choose another folder with --out`);
  // A run that was killed between its first evaluation and its first checkpoint.
  if (existsSync(join(folder, "best.safetensors"))) throw new UserError(`${folder} already holds the best.safetensors of another run: choose another folder with --out`);
}
