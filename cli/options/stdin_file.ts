import { createWriteStream, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { STDIN, takeStdin } from "../../data/files/input.ts";

/**
 * Runs `body` with the files, where `-`, standard input, is a temporary file: audio is read in any order, which a pipe cannot be.
 *
 * @param body called with the files, and the name that the user gave to each
 */
export async function withStdinFile<T>(
  files: readonly string[],
  body: (files: string[], named: (file: string) => string) => Promise<T>,
): Promise<T> {
  if (!files.includes(STDIN)) return body([...files], (file) => file);
  takeStdin();
  const folder = mkdtempSync(join(tmpdir(), "unfold-"));
  const spooled = join(folder, "stdin");
  try {
    await pipeline(process.stdin, createWriteStream(spooled));
    return await body(
      files.map((file) => (file === STDIN ? spooled : file)),
      (file) => (file === spooled ? STDIN : file),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}
