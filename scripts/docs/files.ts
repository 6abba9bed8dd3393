import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fences, ROOT } from "./markdown.ts";

/** The files that a page shows whole, by path: code blocks with `[path/of/file]` after the language. */
export const filesOf = (page: string): Map<string, string> =>
  new Map(
    fences(page).flatMap(({ info, body }) => {
      const [, path] = /^\[([^\]]+\/[^\]]+)\]$/u.exec(info[1] ?? "") ?? [];
      return path === undefined ? [] : [[path, body] as const];
    }),
  );

/**
 * Writes a page's files to a folder that otherwise looks like the repository: beside them are links to all that the
 * repository has in the same folders.
 */
export function writeFiles(files: ReadonlyMap<string, string>, folder: string): void {
  const own = new Set(["", ...[...files.keys()].flatMap((path) => parents(path))]);
  for (const inner of own) {
    mkdirSync(join(folder, inner), { recursive: true });
    for (const name of namesIn(inner)) {
      const path = inner === "" ? name : `${inner}/${name}`;
      if (!own.has(path) && !files.has(path)) symlinkSync(join(ROOT, path), join(folder, path));
    }
  }
  for (const [path, text] of files) writeFileSync(join(folder, path), text);
}

const parents = (path: string): string[] => {
  const parent = dirname(path);
  return parent === "." ? [] : [...parents(parent), parent];
};

function namesIn(inner: string): string[] {
  try {
    return readdirSync(join(ROOT, inner)).filter((name) => name !== ".git");
  } catch {
    return []; // a new folder
  }
}
