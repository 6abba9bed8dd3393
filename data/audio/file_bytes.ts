import { closeSync, openSync, readSync, statSync } from "node:fs";
import { UserError } from "../../engine/errors.ts";

/** Read at once, since the parts that are asked for are mostly small and one after the other. */
const READ_BYTES = 2 ** 18;

/**
 * The bytes of an audio file, of which little is in memory at a time. Reading is synchronous: the decoders ask for bytes in the middle
 * of their work.
 */
export class FileBytes {
  readonly path: string;
  readonly size: number;
  readonly #file: number;
  #buffer: Uint8Array = new Uint8Array();
  #bufferStart = 0;

  /** @throws UserError if there is no such file, it cannot be read, or is none of which parts can be read */
  constructor(path: string) {
    this.path = path;
    try {
      const stats = statSync(path);
      if (stats.isDirectory()) throw new UserError(`${path} is a folder, not an audio file.`);
      if (!stats.isFile())
        throw new UserError(
          `${path} is a pipe or a device, expected a file, since audio is not read from start to end alone.`,
        );
      this.#file = openSync(path, "r");
      this.size = stats.size;
    } catch (error) {
      throw error instanceof UserError ? error : readError(path, error);
    }
  }

  /** Up to `count` bytes from byte `start` on, fewer at the end of the file; valid until the next call. */
  read(start: number, count: number): Uint8Array {
    if (start < this.#bufferStart || start + count > this.#bufferStart + this.#buffer.length)
      this.#fill(start, Math.max(count, READ_BYTES));
    return this.#buffer.subarray(start - this.#bufferStart, start - this.#bufferStart + count);
  }

  /** From byte `start` to before `end`, in parts of a size that decodes to a few seconds or minutes. */
  *parts(start: number, end = this.size, bytes = 2 ** 16): Generator<Uint8Array> {
    for (let at = start; at < end; at += bytes) yield this.read(at, Math.min(bytes, end - at)).slice();
  }

  close(): void {
    closeSync(this.#file);
  }

  #fill(start: number, count: number): void {
    const buffer = new Uint8Array(Math.max(0, Math.min(count, this.size - start)));
    let filled = 0;
    try {
      for (let read = -1; filled < buffer.length && read !== 0; filled += read)
        read = readSync(this.#file, buffer, filled, buffer.length - filled, start + filled);
    } catch (error) {
      throw readError(this.path, error);
    }
    if (filled < buffer.length) throw new UserError(`${this.path} has become shorter while it was read.`);
    [this.#buffer, this.#bufferStart] = [buffer, start];
  }
}

function readError(path: string, error: unknown): UserError {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "ENOENT") return new UserError(`${path} does not exist.`);
  return new UserError(`${path} cannot be read: ${code ?? message}.`);
}
