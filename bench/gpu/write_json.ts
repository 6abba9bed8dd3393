import { renameSync, writeFileSync } from "node:fs";

/**
 * Writes a file in one piece, so that stopping the program at any moment leaves whole JSON, from this call or the one
 * before.
 */
export function writeJson(path: string, value: unknown): void {
  const unfinished = `${path}.part`;
  writeFileSync(unfinished, `${JSON.stringify(value, null, 1)}\n`);
  renameSync(unfinished, path);
}
