import { renameSync, writeFileSync } from "node:fs";

/** Writes a file in one piece, so that whoever stops this program at any moment finds whole JSON, of this call or of the one before. */
export function writeJson(path: string, value: unknown): void {
  const unfinished = `${path}.part`;
  writeFileSync(unfinished, `${JSON.stringify(value, null, 1)}\n`);
  renameSync(unfinished, path);
}
