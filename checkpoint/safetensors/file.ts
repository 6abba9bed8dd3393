import { closeSync, fstatSync, openSync, readSync, statSync } from "node:fs";
import { UserError } from "../../engine/errors.ts";
import { readLayout, viewValues, type Entry, type SafeTensor } from "./header.ts";
import type { SafeTensors } from "./safetensors.ts";

/** A safetensors file on disk. Names, types and shapes are in memory; the values of a tensor are read whenever they are asked for. */
export interface SafetensorsFile extends SafeTensors {
  /** Closes the file; values can no longer be read then. */
  close(): void;
}

/** Node reads at most 2 GiB at once. */
const MOST_BYTES = 2 ** 30;

/**
 * Opens a safetensors file and checks all that its header says against its size, so that what is cut short is found before
 * anything is loaded. An open file stays the one that was opened, even if another takes its name.
 *
 * @throws UserError if the file is cut short, malformed or holds a type that this project does not use; the file system's own
 *   error where there is no file to read
 */
export function openSafetensors(path: string): SafetensorsFile {
  if (statSync(path).isFIFO()) throw new UserError(`${path} is a pipe, expected a file`); // opening it would wait for whoever writes
  const descriptor = openSync(path, "r");
  let open = true;
  const read = (start: number, end: number): Uint8Array => {
    if (!open) throw new Error(`${path}: its tensors are read after the file was closed`);
    return readBytes(descriptor, start, end, path);
  };
  const close = (): void => {
    if (open) closeSync(descriptor);
    open = false;
  };
  try {
    const { entries, metadata, dataStart } = readLayout(read, fstatSync(descriptor).size, path);
    const tensors = new Map(
      entries.map((entry) => [entry.name, lazily(entry, () => read(dataStart + entry.begin, dataStart + entry.end))]),
    );
    return { tensors, metadata, close };
  } catch (error) {
    close();
    throw error;
  }
}

function lazily(entry: Entry, read: () => Uint8Array): SafeTensor {
  const { dtype, shape } = entry;
  return {
    dtype,
    shape,
    get values() {
      return viewValues(entry, read());
    },
  } as SafeTensor;
}

function readBytes(descriptor: number, start: number, end: number, path: string): Uint8Array {
  const bytes = new Uint8Array(end - start);
  for (let done = 0; done < bytes.length;) {
    const got = readSync(descriptor, bytes, done, Math.min(bytes.length - done, MOST_BYTES), start + done);
    if (got === 0)
      throw new UserError(
        `${path} has become shorter while it was read: it ends at byte ${start + done}, but a tensor goes on to ${end}.`,
      );
    done += got;
  }
  return bytes;
}
