import { closeSync, copyFileSync, fsyncSync, linkSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { RunError } from "../engine/errors.ts";

/** Writes a file under another name, flushes it to the disk, and puts it in place. Throws a RunError that names the file. */
export function writeAtomically(path: string, bytes: Uint8Array): void {
  putInPlace(path, (partial) => {
    const file = openSync(partial, "w");
    try {
      for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
  });
}

/** Gives a file a second name, in place of what has it; a copy where the file system has no links. Throws a RunError that names it. */
export function copyAtomically(from: string, to: string): void {
  putInPlace(to, (partial) => {
    rmSync(partial, { force: true });
    try {
      linkSync(from, partial);
    } catch {
      copyFileSync(from, partial);
    }
  });
}

function putInPlace(path: string, make: (partial: string) => void): void {
  const partial = `${path}.partial`;
  try {
    make(partial);
    renameSync(partial, path);
    rmSync(partial, { force: true }); // still there if both were names of one file already
  } catch (error) {
    try {
      rmSync(partial, { force: true });
    } catch { /* the error at hand says why */ }
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === "ENOSPC" ? "the disk is full" : message;
    throw new RunError(`${path} could not be written: ${why}; the previous one, if any, is untouched`);
  }
}
