import Table from "cli-table3";
import { rules, withoutInnerRules } from "../../data/text/table_rules.ts";
import type { ResultRecord, ResultRow } from "./log_records.ts";
import { formatCompact, formatCount, formatPercent } from "../../data/text/number_format.ts";

interface Column {
  title: string;
  cell: (row: ResultRow) => string;
}

/**
 * The columns of a results table. Those comparing with a separately built model of the same depth appear only if its size
 * is known; sharing then saves a share of the whole model and a larger one of its encoder.
 */
export function resultColumns(results: readonly ResultRecord[]): Column[] {
  const columns: Column[] = [
    { title: "depth", cell: ({ depth }) => String(depth) },
    { title: "WER", cell: ({ wer }) => formatPercent(wer, 2) },
    { title: "CER", cell: ({ cer }) => formatPercent(cer, 2) },
    { title: "sub", cell: ({ substitutions }) => formatCount(substitutions) },
    { title: "del", cell: ({ deletions }) => formatCount(deletions) },
    { title: "ins", cell: ({ insertions }) => formatCount(insertions) },
    { title: "words", cell: ({ words }) => formatCount(words) },
    { title: "parameters", cell: ({ parameters }) => formatCompact(parameters) },
    {
      title: "real-time factor",
      cell: ({ realTimeFactor }) => (Number.isFinite(realTimeFactor) ? realTimeFactor.toFixed(3) : "-"),
    },
  ];
  if (results.some(({ rows }) => rows.some(({ untied }) => untied))) {
    columns.splice(
      8,
      0,
      { title: "built alone", cell: ({ untied }) => (untied ? formatCompact(untied.whole) : "") },
      { title: "saved: model", cell: ({ parameters, untied }) => (untied ? saved(parameters, untied.whole) : "") },
      {
        title: "encoder",
        cell: ({ encoderParameters, untied }) =>
          untied && encoderParameters !== undefined ? saved(encoderParameters, untied.encoder) : "",
      },
    );
  }
  return columns;
}

/** Results for the terminal: one table, columns aligned, a rule before each set, without colours. */
export function resultsTable(results: readonly ResultRecord[]): string {
  const columns = resultColumns(results);
  const table = new Table({
    head: ["set", ...columns.map(({ title }) => title)],
    colAligns: ["left", ...columns.map(() => "right" as const)],
    style: { head: [], border: [] },
    chars: rules,
  });
  for (const { set, rows } of results)
    table.push(...rows.map((row, i) => [i === 0 ? set : "", ...columns.map(({ cell }) => cell(row))]));
  return withoutInnerRules(
    table.toString(),
    results.map(({ rows }) => rows.length),
  );
}

/** The table of one set. */
export function resultTable(set: string, rows: readonly ResultRow[]): string {
  return resultsTable([{ type: "result", set, rows: [...rows] }]);
}

/** The same as one Markdown table. */
export function resultsMarkdown(results: readonly ResultRecord[]): string {
  const columns = resultColumns(results);
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const rows = results.flatMap(({ set, rows }) =>
    rows.map((row) => line([set, ...columns.map(({ cell }) => cell(row))])),
  );
  return [
    line(["set", ...columns.map(({ title }) => title)]),
    `|---|${columns.map(() => "--:").join("|")}|`,
    ...rows,
  ].join("\n");
}

function saved(parameters: number, untied: number): string {
  return formatPercent(1 - parameters / untied);
}
