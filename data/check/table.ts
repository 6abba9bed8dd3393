import Table from "cli-table3";
import { formatCount, formatDuration } from "../text/number_format.ts";
import { BORDERLESS } from "../text/table_rules.ts";
import type { DataReport, Fault } from "./report.ts";

/** Maximum number of faults per kind, and of characters of the vocabulary, shown here; the JSON has all. */
const SHOWN = 10;
const SHOWN_CHARACTERS = 60;

/** Formats a report for the terminal: a summary of the data, remarks, faults by kind. */
export function dataTable(report: DataReport): string {
  const { vocabulary, durations, units } = report;
  const rows: [string, string][] = [
    ["utterances", formatCount(report.utterances)],
    ["audio", formatDuration(3600 * report.hours)],
    ["speakers", report.speakers === 0 ? "not named" : formatCount(report.speakers)],
  ];
  if (durations) {
    const { min, p5, median, p95, max } = durations;
    rows.push([
      "duration",
      `${[min, p5, median, p95, max].map((seconds) => `${seconds.toFixed(2)} s`).join("  ")}  (shortest, 5 %, median, 95 %, longest)`,
    ]);
  }
  rows.push(
    [
      "sample rates",
      report.sampleRates.map(({ hz, utterances }) => `${hz} Hz (${formatCount(utterances)})`).join(", ") || "-",
    ],
    ["words", `${formatCount(vocabulary.words)}, ${formatCount(vocabulary.distinctWords)} different`],
    ["characters", characters(report)],
    ["classes", `${formatCount(units.size)}, blank included (${units.kind})`],
  );
  const table = new Table({ style: { head: [], border: [] }, chars: BORDERLESS });
  table.push(...rows);
  const body = table
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
  const remarks = [...report.remarks, ...recordingRemarks(report)];
  return [body, ...remarks.map((remark) => `remark: ${remark}`), faultLines(report.faults)].join("\n");
}

function recordingRemarks({ recordings }: DataReport): string[] {
  const rest = recordings.length - SHOWN;
  return [
    ...recordings.slice(0, SHOWN).map(({ source, id, remark }) => `${source}: ${id}: ${remark}`),
    ...(rest > 0 ? [`${formatCount(rest)} more such remarks about audio files`] : []),
  ];
}

function characters({ vocabulary: { characters: all } }: DataReport): string {
  const shown = all
    .slice(0, SHOWN_CHARACTERS)
    .map(({ character, count }) => `${character === " " ? "space" : character} ${formatCount(count)}`);
  const lines: string[] = [];
  for (let i = 0; i < shown.length; i += 10) lines.push(shown.slice(i, i + 10).join("  "));
  if (all.length > shown.length) lines.push(`and ${all.length - shown.length} more`);
  return [`${all.length} different`, ...lines].join("\n");
}

function faultLines(faults: readonly Fault[]): string {
  if (faults.length === 0) return "no faults";
  const kinds = [...new Set(faults.map(({ kind }) => kind))];
  return kinds
    .flatMap((kind) => {
      const some = faults.filter((fault) => fault.kind === kind);
      const rest = some.length - SHOWN;
      return [
        `${kind}: ${formatCount(some.length)}`,
        ...some.slice(0, SHOWN).map(({ source, id, reason }) => `  ${source}: ${id}: ${reason}`),
        ...(rest > 0 ? [`  and ${formatCount(rest)} more`] : []),
      ];
    })
    .join("\n");
}
