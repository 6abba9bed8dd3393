import { existsSync, lstatSync, statSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { UserError } from "../../engine/errors.ts";

/**
 * Refuses a file that cannot be written, before anything long is done for it: its folder is not there, a folder has its name, or
 * something is there already.
 *
 * @param files as `--out` names it, and what is written beside it
 * @param force whether files that are there are written over
 * @throws UserError
 */
export function expectPlace([out, ...beside]: readonly [string, ...string[]], { force }: { force: boolean }): void {
  const folder = dirname(out);
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory())
    throw new UserError(`--out: there is no folder ${folder}`);
  const taken = [out, ...beside].filter((file) => existsSync(file));
  const inTheWay = taken.find((file) => statSync(file).isDirectory());
  if (inTheWay !== undefined) throw new UserError(`--out: ${inTheWay} is a folder, expected the name of a file`);
  if (taken[0] !== undefined && !force)
    throw new UserError(`${taken[0]} is there already: choose another name, or add --force`);
}

/**
 * Refuses to write over what is read, whatever is forced: what is not taken over from it would be lost.
 *
 * @param files  that will be written
 * @param inputs that they are made of, under any name
 * @throws UserError
 */
export function expectNoInput(files: readonly string[], inputs: readonly string[]): void {
  const lost = files.find((file) => existsSync(file) && inputs.some((input) => isOver(file, input)));
  if (lost !== undefined)
    throw new UserError(`--out: ${lost} is among the files that are read, and would be lost: choose another place`);
}

/** Whether a new file of this name takes the place of the input. A link that leads to it is only a link less. */
function isOver(file: string, input: string): boolean {
  const replaced = lstatSync(file);
  return [lstatSync(input), statSync(input)].some(({ dev, ino }) => dev === replaced.dev && ino === replaced.ino);
}

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
