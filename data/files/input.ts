import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { UserError } from "../../engine/errors.ts";

/** Stands for standard input where a file is read. */
export const STDIN = "-";

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
  return readFileSync(0);
}

/** @throws UserError the second time, when nothing is left to read */
export function takeStdin(): void {
  if (taken) throw new UserError("'-' is given twice, but standard input can be read only once");
  taken = true;
}
