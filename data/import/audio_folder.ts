import { existsSync, readdirSync, statSync } from "node:fs";
import path from "node:path";
import { UserError } from "../../engine/errors.ts";
import { readCsv } from "./csv_table.ts";
import { utteranceOf } from "./field_names.ts";
import type { ImportedUtterance } from "./imported.ts";
import { readJsonLines } from "./json_lines.ts";
import { isLeftBySystem } from "./text_file.ts";

const METADATA = ["metadata.csv", "metadata.jsonl"];

/**
 * Imports an `audiofolder` of Hugging Face Datasets: a folder with `metadata.csv` or `metadata.jsonl`, whose column
 * `file_name` is relative to it, with texts in `transcription`, `text` or `sentence`.
 *
 * @throws UserError if the folder has no such file; if its subfolders do, as with splits, naming those
 */
export async function importAudioFolder(folder: string): Promise<ImportedUtterance[]> {
  const metadata = METADATA.map((name) => path.join(folder, name)).find((file) => existsSync(file));
  if (!metadata) throw new UserError(withoutMetadata(folder));
  const rows = metadata.endsWith(".csv") ? await readCsv(metadata, "csv") : await readJsonLines(metadata);
  const listed = rows.filter(({ fields }) => !isLeftBySystem(String(fields["file_name"] ?? "")));
  return listed.map(({ fields, source }) => utteranceOf(fields, source, (file) => path.resolve(folder, file)));
}

function withoutMetadata(folder: string): string {
  if (!existsSync(folder)) return `there is no folder ${folder}`;
  if (!statSync(folder).isDirectory()) return `${folder} is not a folder`;
  const splits = readdirSync(folder).filter(
    (name) => !isLeftBySystem(name) && METADATA.some((file) => existsSync(path.join(folder, name, file))),
  );
  return `${folder} has no ${METADATA.join(" or ")}${splits.length > 0 ? `; import one of its folders ${splits.join(", ")}` : ""}`;
}
