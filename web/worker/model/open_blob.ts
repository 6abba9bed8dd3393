/// <reference lib="webworker" />
import { UserError } from "../../../engine/errors.ts";
import type { Checkpoint } from "../../../checkpoint/checkpoint.ts";
import { readLayout, viewValues, type Entry, type SafeTensor } from "../../../checkpoint/safetensors/header.ts";
import { parseState } from "../../../checkpoint/state.ts";

/**
 * Opens a chosen file as a checkpoint. Only its header is read; each access to a tensor's values reads them from the file, so that no
 * more than one tensor is in memory at a time.
 *
 * @throws UserError in one sentence for anything that is not a whole checkpoint of this version
 */
export function openBlob(file: Blob, name: string): Checkpoint {
  const read = (start: number, end: number): Uint8Array => {
    try {
      return new Uint8Array(new FileReaderSync().readAsArrayBuffer(file.slice(start, end)));
    } catch {
      throw new UserError(`${name} can no longer be read: it was moved or changed after it was chosen`);
    }
  };
  const { entries, metadata, dataStart } = readLayout(read, file.size, name);
  const tensors = new Map(
    entries.map((entry) => [entry.name, lazily(entry, () => read(dataStart + entry.begin, dataStart + entry.end))]),
  );
  expectVersion(metadata["unfold"], name);
  return { path: name, state: parseState(metadata["unfold"], name), tensors };
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

function expectVersion(json: string | undefined, name: string): void {
  const version = /"format":\s*"unfold-checkpoint\/(\w+)"/u.exec(json ?? "")?.[1];
  if (version !== undefined && version !== "1")
    throw new UserError(`${name} is a checkpoint of version ${version}, and this page reads version 1`);
}
