import path from "node:path";
import { UserError } from "../../engine/errors.ts";
import { linesOf, nameSome, readText } from "./text_file.ts";

/** A Kaldi file's value for an id: the rest of its line. */
export interface KaldiRow {
  readonly value: string;
  /** For messages: `data/train/text, line 12`. */
  readonly source: string;
}

/** A Kaldi file: each line has an id, spaces, and its value. */
export interface KaldiTable {
  /** `wav.scp` */
  readonly name: string;
  readonly rows: ReadonlyMap<string, KaldiRow>;
}

/** @throws UserError if the file cannot be read or repeats an id */
export async function readKaldiTable(folder: string, name: string): Promise<KaldiTable> {
  const file = path.join(folder, name);
  const rows = new Map<string, KaldiRow>();
  for (const { text, number } of linesOf(await readText(file, `the Kaldi folder's ${name}:`))) {
    const [id = "", value = ""] = splitOnce(text);
    const source = `${file}, line ${number}`;
    const earlier = rows.get(id);
    if (earlier) throw new UserError(`${source}: ${id} is repeated, first in ${earlier.source}`);
    rows.set(id, { value, source });
  }
  if (rows.size === 0) throw new UserError(`${file} is empty`);
  return { name, rows };
}

function splitOnce(line: string): [string, string] {
  const gap = line.search(/\s/u);
  return gap < 0 ? [line, ""] : [line.slice(0, gap), line.slice(gap).trim()];
}

/** Rejects two files with different ids, naming the first few that either lacks. */
export function expectSameIds(folder: string, a: KaldiTable, b: KaldiTable): void {
  const faults = [[a, b] as const, [b, a] as const].flatMap(([has, lacks]) => {
    const missing = [...has.rows.keys()].filter((id) => !lacks.rows.has(id));
    return missing.length > 0
      ? [`${missing.length} of ${has.name} missing in ${lacks.name} (${nameSome(missing)})`]
      : [];
  });
  if (faults.length > 0) throw new UserError(`${folder}: the ids do not match: ${faults.join("; ")}`);
}

/**
 * The rows of a table whose ids all others have too. Tells how many each file has beyond those.
 *
 * @throws UserError if there are none
 */
export function sharedRows(
  folder: string,
  table: KaldiTable,
  others: readonly KaldiTable[],
  warn: (message: string) => void,
): KaldiTable {
  const rows = new Map([...table.rows].filter(([id]) => others.every((other) => other.rows.has(id))));
  const all = [table, ...others];
  if (rows.size === 0) throw new UserError(`${folder}: no id is in all of ${all.map(({ name }) => name).join(", ")}`);
  const counts = all
    .filter((one) => one.rows.size > rows.size)
    .map((one) => `${one.rows.size - rows.size} of ${one.name}'s ${one.rows.size}`);
  if (counts.length > 0)
    warn(
      `${folder}: ${rows.size} utterances are in all of ${all.map(({ name }) => name).join(", ")}; left out ${counts.join(", ")}`,
    );
  return { name: table.name, rows };
}
