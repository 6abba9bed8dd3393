import { createWriteStream, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { RunError } from "../../engine/errors.ts";
import { inputName, STDIN, takeStdin } from "../../data/files/input.ts";

/** Signals that end the process, after which nothing is left of the temporary file. */
const ENDS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Runs `body` with the files, where `-`, standard input, is a temporary file: audio is read in any order, which a pipe cannot be.
 *
 * @param body called with the files, the name that the user gave to each, and a text with the temporary file's name replaced
 * @throws RunError if there is no room for it; what `body` throws
 */
export async function withStdinFile<T>(
  files: readonly string[],
  body: (files: string[], named: (file: string) => string, told: (text: string) => string) => Promise<T>,
): Promise<T> {
  if (!files.includes(STDIN))
    return body(
      [...files],
      (file) => file,
      (text) => text,
    );
  takeStdin();
  const spool = await spoolStdin();
  try {
    return await body(
      files.map((file) => (file === STDIN ? spool.file : file)),
      (file) => (file === spool.file ? STDIN : file),
      (text) => text.replaceAll(spool.file, inputName(STDIN)),
    );
  } finally {
    spool.remove();
  }
}

async function spoolStdin(): Promise<{ file: string; remove(): void }> {
  let folder: string | undefined;
  const clear = (): void => {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  };
  const end = (signal: NodeJS.Signals): void => {
    clear();
    process.kill(process.pid, signal); // has been taken off, and so ends the process
  };
  const remove = (): void => {
    clear();
    process.off("exit", clear);
    for (const signal of ENDS) process.off(signal, end);
  };
  try {
    folder = mkdtempSync(join(tmpdir(), "unfold-"));
    process.on("exit", clear);
    for (const signal of ENDS) process.once(signal, end);
    const file = join(folder, "stdin");
    await pipeline(process.stdin, createWriteStream(file));
    return { file, remove };
  } catch (error) {
    remove();
    const { code, message } = error as NodeJS.ErrnoException;
    throw new RunError(
      `standard input cannot be kept in a temporary file in ${tmpdir()}: ${code === "ENOSPC" ? "the disk is full" : message}`,
    );
  }
}
