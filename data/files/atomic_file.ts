// Not write-file-atomic (8.0.0, nor 7.0.1, which Node 20 can run): it takes no pieces, so all of a checkpoint would be in memory;
// it writes once and ignores how much of it was, so a disk that becomes full puts a truncated file in the place of the good one,
// without an error; it writes through a link, into what may be an input; each kill leaves one more half-written file. Nor
// atomically (2.1.1): it does the same but takes streams, and if one fails its promise is never settled.
import { closeSync, copyFileSync, fsyncSync, linkSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { RunError, UserError } from "../../engine/errors.ts";

/** Node writes at most 2 GiB at once. */
const MOST_BYTES = 2 ** 30;

/**
 * Writes a file under another name, flushes it to the disk, and puts it in place. The other name is always the same, so that what
 * a killed process has left is written over: two processes that write one file at the same time would disturb each other.
 *
 * @param content the bytes, or pieces of them that are made one after the other
 * @throws RunError that names the file; a RunError or UserError of whoever makes the pieces as it is
 */
export function writeAtomically(path: string, content: Uint8Array | Iterable<Uint8Array>): void {
  const pieces = content instanceof Uint8Array ? [content] : content;
  putInPlace(path, (partial) => {
    const file = openSync(partial, "w");
    try {
      for (const bytes of pieces) writeWhole(file, bytes);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
  });
}

/** The same with pieces that have to be waited for. */
export async function writePiecesAtomically(path: string, pieces: AsyncIterable<Uint8Array>): Promise<void> {
  const partial = partialOf(path);
  try {
    const file = openSync(partial, "w");
    try {
      for await (const bytes of pieces) writeWhole(file, bytes);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(partial, path);
  } catch (error) {
    throw failure(path, error);
  }
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

const partialOf = (path: string): string => `${path}.partial`;

function writeWhole(file: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;)
    done += writeSync(file, bytes, done, Math.min(bytes.length - done, MOST_BYTES));
}

function putInPlace(path: string, make: (partial: string) => void): void {
  const partial = partialOf(path);
  try {
    make(partial);
    renameSync(partial, path);
    rmSync(partial, { force: true }); // still there if both were names of one file already
  } catch (error) {
    throw failure(path, error);
  }
}

/** Removes what is half-written, and says why there is no more of it. */
function failure(path: string, error: unknown): Error {
  try {
    rmSync(partialOf(path), { force: true });
  } catch {
    /* the error at hand says why */
  }
  if (error instanceof RunError || error instanceof UserError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  const why = code === "ENOSPC" ? "the disk is full" : message;
  return new RunError(`${path} could not be written: ${why}; the previous one, if any, is untouched`);
}
