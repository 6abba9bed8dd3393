import { parse } from "csv-parse/sync";
import { UserError } from "../../engine/errors.ts";
import { inputName } from "../files/input.ts";
import { readText } from "./text_file.ts";

/** A row keyed by column name, and its location. */
export interface CsvRow {
  readonly fields: Readonly<Record<string, string>>;
  /** For messages: `metadata.csv, line 12`. */
  readonly source: string;
}

/**
 * Reads the rows of a table whose first line names the columns.
 *
 * @param kind "csv" with commas and quotes, or "tsv" with tabs and no quoting, so quotation marks are literal
 * @throws UserError if it cannot be read or has no rows, or naming the malformed line
 */
export async function readCsv(file: string, kind: "csv" | "tsv"): Promise<CsvRow[]> {
  const name = inputName(file);
  const content = await readText(file, "the table");
  try {
    const dialect = kind === "tsv" ? { delimiter: "\t", quote: null } : { delimiter: "," };
    const rows = parse(content, { ...dialect, columns: true, skip_empty_lines: true, info: true }) as unknown as {
      record: Record<string, string>;
      info: { lines: number };
    }[];
    if (rows.length === 0) throw new UserError(`${name} has no rows`);
    return rows.map(({ record, info }) => ({ fields: record, source: `${name}, line ${info.lines}` }));
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(
      `${name} is not a valid ${kind.toUpperCase()} table: ${(error as Error).message.split("\n")[0]}`,
    );
  }
}
