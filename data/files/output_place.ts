import { existsSync, lstatSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { UserError } from "../../engine/errors.ts";
import { makeFolders } from "../../engine/node/make_folders.ts";
import { isDevice } from "./atomic_file.ts";

/**
 * Rejects an unusable output file before any long work: its folder does not exist, a folder has its name, or it already
 * exists.
 *
 * @param files the file given by `--out`, and those written beside it
 * @param force whether to overwrite existing files
 * @throws UserError
 */
export function expectPlace([out, ...beside]: readonly [string, ...string[]], { force }: { force: boolean }): void {
  const folder = dirname(out);
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory())
    throw new UserError(`--out: there is no folder ${folder}`);
  const taken = [out, ...beside].filter((file) => existsSync(file) && !isDevice(file));
  const inTheWay = taken.find((file) => statSync(file).isDirectory());
  if (inTheWay !== undefined) throw new UserError(`--out: ${inTheWay} is a folder, expected the name of a file`);
  if (taken[0] !== undefined && !force)
    throw new UserError(`${taken[0]} already exists: choose another name, or add --force`);
}

/**
 * Refuses to overwrite an input, even when forced: parts of it that the output does not include would be lost.
 *
 * @param files  the files to be written
 * @param inputs the files that they are made from, under any name
 * @throws UserError
 */
export function expectNoInput(files: readonly string[], inputs: readonly string[]): void {
  const lost = files.find((file) => existsSync(file) && inputs.some((input) => isOver(file, input)));
  if (lost !== undefined)
    throw new UserError(`--out: ${lost} is one of the input files and would be lost: choose another place`);
}

/** Whether a new file of this name replaces the input. Replacing a link elsewhere to the input loses only the link. */
function isOver(file: string, input: string): boolean {
  const replaced = lstatSync(file);
  return [lstatSync(input), statSync(input)].some(({ dev, ino }) => dev === replaced.dev && ino === replaced.ino);
}

/** Creates a folder and its parents. Throws a UserError if that is impossible, such as in place of a file. */
export function makeFolder(folder: string): void {
  try {
    makeFolders(folder);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new UserError(
      `the folder ${folder} cannot be created: ${code === "EEXIST" || code === "ENOTDIR" ? "a file is in its place" : message}`,
    );
  }
}

/**
 * Before any work, refuses to replace a file (devices and pipes are none), or to write in place of a folder or into one
 * that does not exist.
 */
export function expectWritable(out: string, force: boolean): void {
  if (isFolder(out)) throw new UserError(`${out} is a folder, expected the name of a file to write`);
  if (existsSync(out) && !isDevice(out) && !force) throw new UserError(`${out} already exists; --force replaces it`);
  if (!isFolder(dirname(out))) throw new UserError(`${out} cannot be written: there is no folder ${dirname(out)}`);
}

const isFolder = (name: string): boolean => existsSync(name) && statSync(name).isDirectory();
