import { existsSync, mkdirSync } from "node:fs";
import { dirname, resolve } from "node:path";

/**
 * Creates a folder and its parents, one after the other. Node's own `recursive: true` does not return where the file system says that
 * an existing parent does not exist, as `/proc` does.
 *
 * @throws file system errors, such as EACCES, ENOENT (in `/proc`), EEXIST or ENOTDIR (a file is in its place)
 */
export function makeFolders(folder: string): void {
  const missing: string[] = [];
  for (let path = resolve(folder); !existsSync(path); path = dirname(path)) missing.push(path);
  for (const path of missing.reverse())
    try {
      mkdirSync(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST" || !existsSync(path)) throw error; // another process was faster
    }
  if (missing.length === 0) mkdirSync(folder, { recursive: true }); // EEXIST if it is a file
}
