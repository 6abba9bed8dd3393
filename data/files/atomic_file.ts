// Not write-file-atomic (8.0.0, nor 7.0.1, which Node 20 can run): it accepts no pieces, so a whole checkpoint would be
// in memory; it writes once and ignores short writes, so a disk that fills up silently replaces the good file with a
// truncated one; it writes through a link, possibly into an input; every kill leaves another half-written file. Nor
// atomically (2.1.1): it has the same faults but accepts streams, and if one fails its promise never settles.
import {
  closeSync,
  copyFileSync,
  fsyncSync,
  linkSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { resolve } from "node:path";
import { RunError, UserError } from "../../engine/errors.ts";

/** Node writes at most 2 GiB at once. */
const MOST_BYTES = 2 ** 30;

/**
 * Whether what is there is written into, and a file would take its place: a device such as /dev/null, a pipe, or
 * /dev/stdout and its like, even where they lead to a file.
 */
export function isDevice(path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  return found !== undefined && !found.isDirectory() && (!found.isFile() || descriptorOf(path) !== undefined);
}

/** The number of the open file that a name such as /dev/stdout or /dev/fd/3 stands for. */
function descriptorOf(path: string): number | undefined {
  const name = resolve(path);
  const number = /^\/(?:dev|proc\/self)\/fd\/(\d+)$/u.exec(name)?.[1];
  return number === undefined ? { "/dev/stdout": 1, "/dev/stderr": 2 }[name] : Number(number);
}

/**
 * Writes a file under a temporary name, flushes it to disk, and renames it into place. The temporary name is always the
 * same, so that leftovers of a killed process are overwritten; two processes writing the same file at once would
 * interfere. A device or pipe is written as it is.
 *
 * @param content the bytes, or pieces of them generated in turn
 * @throws RunError that names the file; a RunError or UserError thrown while generating the pieces, unchanged
 */
export function writeAtomically(path: string, content: Uint8Array | Iterable<Uint8Array>): void {
  const pieces = content instanceof Uint8Array ? [content] : content;
  const write = (file: number): void => {
    for (const bytes of pieces) writeWhole(file, bytes);
  };
  if (isDevice(path)) writeDevice(path, write);
  else
    putInPlace(path, (partial) => {
      const file = openSync(partial, "w");
      try {
        write(file);
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
    });
}

/** The same with asynchronous pieces. */
export async function writePiecesAtomically(path: string, pieces: AsyncIterable<Uint8Array>): Promise<void> {
  const device = isDevice(path);
  try {
    const { file, close } = device ? openDevice(path) : openFile(partialOf(path));
    try {
      for await (const bytes of pieces) writeWhole(file, bytes);
      if (!device) fsyncSync(file);
    } finally {
      close();
    }
    if (!device) renameSync(partialOf(path), path);
  } catch (error) {
    throw device ? described(path, error, "") : failure(path, error);
  }
}

/**
 * Gives a file a second name, replacing any file of that name; copies it if the file system has no links. Throws a
 * RunError that names the file.
 */
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

interface Opened {
  readonly file: number;
  readonly close: () => void;
}

function openFile(path: string): Opened {
  const file = openSync(path, "w");
  return { file, close: () => closeSync(file) };
}

/** A file that this process has open already is written where it stands: opened anew, it would be written from its start. */
function openDevice(path: string): Opened {
  const file = statSync(path).isFile() ? descriptorOf(path) : undefined;
  return file === undefined ? openFile(path) : { file, close: () => undefined };
}

function writeDevice(path: string, write: (file: number) => void): void {
  try {
    const { file, close } = openDevice(path);
    try {
      write(file);
    } finally {
      close();
    }
  } catch (error) {
    throw described(path, error, "");
  }
}

function putInPlace(path: string, make: (partial: string) => void): void {
  const partial = partialOf(path);
  try {
    make(partial);
    renameSync(partial, path);
    rmSync(partial, { force: true }); // remains if both were already names of the same file
  } catch (error) {
    throw failure(path, error);
  }
}

/** Removes the half-written file, and describes why writing failed. */
function failure(path: string, error: unknown): Error {
  try {
    rmSync(partialOf(path), { force: true });
  } catch {
    /* the original error is reported */
  }
  return described(path, error, "; the previous one, if any, is untouched");
}

function described(path: string, error: unknown, consolation: string): Error {
  if (error instanceof RunError || error instanceof UserError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  const why = code === "ENOSPC" ? "the disk is full" : message;
  return new RunError(`${path} could not be written: ${why}${consolation}`);
}
