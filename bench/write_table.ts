import { renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { makeFolders } from "../engine/node/make_folders.ts";
import type { TunedEntry, TunedTable } from "../engine/tuning/tuned_table.ts";

/** As JSON with one line per choice, so that changing one choice changes one line. */
function tableText({ operations, ...head }: TunedTable): string {
  const lines = (entries: readonly TunedEntry[]): string =>
    entries.map((entry) => `\n   ${JSON.stringify(entry)}`).join(",");
  const parts = Object.entries(operations).map(
    ([operation, entries]) => `\n  ${JSON.stringify(operation)}: [${lines(entries)}]`,
  );
  return `${JSON.stringify(head, null, 1).replace(/\n}$/, "")},\n "operations": {${parts.join(",")}\n }\n}\n`;
}

/** Writes a table in one piece, creating its folder. */
export function writeTable(path: string, table: TunedTable): void {
  makeFolders(dirname(path));
  const unfinished = `${path}.part`;
  writeFileSync(unfinished, tableText(table));
  renameSync(unfinished, path);
}
