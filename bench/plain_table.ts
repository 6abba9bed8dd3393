import Table from "cli-table3";

import { BORDERLESS } from "../data/text/table_rules.ts";

export interface PlainColumn<Row> {
  readonly title: string;
  /** Texts are aligned left, numbers right. */
  readonly left?: boolean;
  readonly cell: (row: Row) => string;
}

/** Columns separated by spaces only: legible in a terminal, and easy to cut and search. */
export function plainTable<Row>(columns: readonly PlainColumn<Row>[], rows: readonly Row[]): string {
  const table = new Table({
    head: columns.map(({ title }) => title),
    colAligns: columns.map(({ left }) => (left ? "left" : "right")),
    style: { head: [], border: [], compact: true, "padding-left": 0, "padding-right": 2 },
    chars: BORDERLESS,
  });
  for (const row of rows) table.push(columns.map(({ cell }) => cell(row)));
  return table
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}
