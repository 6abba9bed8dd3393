import { closeSync, fstatSync, openSync, readSync, statSync } from "node:fs";
import { UserError } from "../../engine/errors.ts";
import { expectNoPointer, POINTER_BYTES } from "../../data/files/lfs_pointer.ts";
import { readLayout, viewValues, type Entry, type SafeTensor } from "./header.ts";
import type { SafeTensors } from "./safetensors.ts";

/** A safetensors file on disk. Names, types and shapes are in memory; each access to a tensor's values reads them. */
export interface SafetensorsFile extends SafeTensors {
  /** Closes the file; its values can no longer be read. */
  close(): void;
}

/** Node reads at most 2 GiB at once. */
const MOST_BYTES = 2 ** 30;

/**
 * Opens a safetensors file and checks its header against its size, so that a truncated file is found before anything is
 * loaded. The open file stays the same one, even if another takes its name.
 *
 * @throws UserError if the file is truncated, malformed or contains an unsupported type; the file system's own error if
 *   it cannot be opened
 */
export function openSafetensors(path: string): SafetensorsFile {
  if (statSync(path).isFIFO()) throw new UserError(`${path} is a pipe, expected a file`); // opening it would wait for a writer
  const descriptor = openSync(path, "r");
  let open = true;
  const read = (start: number, end: number): Uint8Array => {
    if (!open) throw new Error(`${path}: tensor values were read after the file was closed`);
    return readBytes(descriptor, start, end, path);
  };
  const close = (): void => {
    if (open) closeSync(descriptor);
    open = false;
  };
  try {
    const { size } = fstatSync(descriptor);
    expectNoPointer(read(0, Math.min(size, POINTER_BYTES)), path);
    const { entries, metadata, dataStart } = readLayout(read, size, path);
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
        `${path} was truncated while being read: it ends at byte ${start + done}, but a tensor extends to ${end}.`,
      );
    done += got;
  }
  return bytes;
}
