import {
  accessSync,
  closeSync,
  constants,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, resolve } from "node:path";
import { RunError, UserError } from "../engine/errors.ts";

/** A file that is written in one piece at the end, or not at all; an earlier file stays until then. */
export interface OutputFile {
  /** As the user named it. */
  readonly name: string;
  write(text: string): void;
}

/**
 * Makes sure, before anything is measured, that a file can be written later. `-` means standard output.
 *
 * @param option the option that named it, for messages
 * @throws UserError if the folder is missing or not writable, or if something other than a file has the name
 */
export function outputFile(option: string, name: string): OutputFile {
  if (name === "-") return { name: "standard output", write: (text) => void process.stdout.write(text) };
  const refuse = (why: string): never => {
    throw new UserError(`${option}: ${name} cannot be written: ${why}`);
  };
  let target = resolve(name);
  try {
    target = realpathSync(target); // keeps a link a link
    if (!statSync(target).isFile()) refuse("it is not a file");
    accessSync(target, constants.W_OK);
  } catch (error) {
    if (error instanceof UserError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== "ENOENT")
      refuse(code === "EACCES" ? "it is read-only" : code === "ENOTDIR" ? `${dirname(name)} is not a folder` : message);
  }
  const part = `${target}.${process.pid}.part`;
  try {
    closeSync(openSync(part, "w"));
    rmSync(part);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    refuse(
      code === "ENOENT"
        ? `the folder ${dirname(name)} does not exist`
        : code === "EACCES" || code === "EROFS"
          ? `the folder ${dirname(name)} is read-only`
          : message,
    );
  }
  return { name, write: (text) => writeWhole(name, target, part, text) };
}

/** Synchronous, so signals that the process handles arrive only afterwards and nothing is left half written. */
function writeWhole(name: string, target: string, part: string, text: string): void {
  try {
    writeFileSync(part, text);
    renameSync(part, target);
  } catch (error) {
    rmSync(part, { force: true });
    throw new RunError(`${name} cannot be written: ${(error as Error).message}`);
  }
}
