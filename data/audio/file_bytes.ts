import { closeSync, openSync, readSync, statSync } from "node:fs";
import { UserError } from "../../engine/errors.ts";

/** Read in one go, since most requests are small and consecutive. */
const READ_BYTES = 2 ** 18;

/**
 * Access to the bytes of an audio file, few of which are in memory at a time. Reads are synchronous: the decoders
 * request bytes in the middle of their work.
 */
export class FileBytes {
  readonly path: string;
  /** Size in bytes when the file was opened. */
  readonly size: number;
  readonly #file: number;
  #buffer: Buffer = Buffer.alloc(0);
  #bufferStart = 0;

  /** @throws UserError if the file does not exist, cannot be read, or does not allow random access */
  constructor(path: string) {
    this.path = path;
    try {
      const stats = statSync(path);
      if (stats.isDirectory()) throw new UserError(`${path} is a folder, not an audio file.`);
      if (!stats.isFile())
        throw new UserError(`${path} is a pipe or a device, expected a file: reading audio needs random access.`);
      this.#file = openSync(path, "r");
      this.size = stats.size;
    } catch (error) {
      throw error instanceof UserError ? error : readError(path, error);
    }
  }

  /** Opens a file while `use` runs. */
  static using<Result>(path: string, use: (file: FileBytes) => Result): Result {
    const file = new FileBytes(path);
    try {
      return use(file);
    } finally {
      file.close();
    }
  }

  /** Up to `count` bytes from byte `start` on, fewer at the end of the file; valid until the next call. */
  read(start: number, count: number): Buffer {
    if (start < this.#bufferStart || start + count > this.#bufferStart + this.#buffer.length) {
      this.#buffer = this.copy(start, Math.max(count, READ_BYTES));
      this.#bufferStart = start;
    }
    return this.#buffer.subarray(start - this.#bufferStart, start - this.#bufferStart + count);
  }

  /** The same as a copy that the caller may keep. Reads no other bytes of the file. */
  copy(start: number, count: number): Buffer {
    const bytes = Buffer.alloc(Math.max(0, Math.min(count, this.size - start)));
    let filled = 0;
    try {
      for (let read = -1; filled < bytes.length && read !== 0; filled += read)
        read = readSync(this.#file, bytes, filled, bytes.length - filled, start + filled);
    } catch (error) {
      throw readError(this.path, error);
    }
    if (filled < bytes.length) throw new UserError(`${this.path} was truncated while being read.`);
    return bytes;
  }

  /** The bytes from `start` to before `end`, in parts that decode to a few seconds or minutes each. */
  *parts(start: number, end = this.size, bytes = 2 ** 16): Generator<Uint8Array> {
    for (let at = start; at < end; at += bytes) yield Uint8Array.from(this.read(at, Math.min(bytes, end - at)));
  }

  close(): void {
    closeSync(this.#file);
  }
}

function readError(path: string, error: unknown): UserError {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "ENOENT") return new UserError(`${path} does not exist.`);
  return new UserError(`${path} cannot be read: ${code ?? message}.`);
}
