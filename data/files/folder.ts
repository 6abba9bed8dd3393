import { mkdirSync } from "node:fs";
import { UserError } from "../../engine/errors.ts";

/** Makes a folder, with those above it. Throws a UserError where there can be none, as in place of a file. */
export function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new UserError(
      `the folder ${folder} cannot be made: ${code === "EEXIST" || code === "ENOTDIR" ? "a file is in its place" : message}`,
    );
  }
}
