import { createReadStream, readFileSync, readSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { UserError } from "../../engine/errors.ts";

/** Stands for standard input where a file is read. */
export const STDIN = "-";

/** What messages call a file. */
export const inputName = (path: string): string => (path === STDIN ? "standard input" : path);

/** The name of a file without folder and extension, for files that are made of it. */
export const inputStem = (path: string): string =>
  path === STDIN ? "stdin" : basename(path).replace(/\.jsonl?$/u, "");

let taken = false;

/** The bytes of a file, or of standard input, which can be read only once. Throws file system errors, and UserError. */
export async function readInput(path: string): Promise<Uint8Array> {
  if (path !== STDIN) return readFile(path);
  takeStdin();
  const pieces: Uint8Array[] = [];
  for await (const piece of process.stdin) pieces.push(piece as Uint8Array);
  return Buffer.concat(pieces);
}

/** The same at once. */
export function readInputSync(path: string): Uint8Array {
  if (path !== STDIN) return readFileSync(path);
  takeStdin();
  return readStdinSync();
}

/** The same as it arrives. */
export function streamInput(path: string): AsyncIterable<Uint8Array> {
  if (path !== STDIN) return createReadStream(path);
  takeStdin();
  return process.stdin;
}

/** @throws UserError the second time, when nothing is left to read */
export function takeStdin(): void {
  if (taken) throw twice();
  taken = true;
}

/** Throws UserError if several of these inputs are standard input, before one of them takes what is for the other. */
export function expectOneStdin(...paths: readonly (string | undefined)[]): void {
  if (paths.filter((path) => path === STDIN).length > 1) throw twice();
}

const twice = () => new UserError("'-' is given twice, but standard input can be read only once");

const PIECE = 2 ** 16;
const PAUSE_MS = 20;

/** Unlike `readFileSync(0)`, waits where whoever writes has made a pipe or terminal that does not. */
function readStdinSync(): Uint8Array {
  const pieces: Uint8Array[] = [];
  for (;;) {
    const piece = Buffer.alloc(PIECE);
    try {
      const read = readSync(0, piece);
      if (read === 0) return Buffer.concat(pieces);
      pieces.push(piece.subarray(0, read));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "EOF") return Buffer.concat(pieces); // what Windows says at the end
      if (code !== "EAGAIN") throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
    }
  }
}
