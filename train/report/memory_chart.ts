import * as Plot from "@observablehq/plot";
import { batchText } from "../memory/batch_text.ts";
import type { PlanRecord } from "../log/log_records.ts";
import { formatBytes } from "../../data/text/number_format.ts";
import { chart } from "./chart.ts";
import type { Html } from "./html.ts";

const PARTS = [
  { name: "parameters", color: "var(--deep)" },
  { name: "gradients + optimizer", color: "var(--set-3)" },
  { name: "activations", color: "var(--shallow)" },
] as const;

interface Bar {
  row: string;
  part: (typeof PARTS)[number]["name"];
  bytes: number;
}

/** Memory by depth as predicted for the largest batch: bars for each depth alone, for evaluation and for the joint step. */
export function memoryChart({
  batch,
  parameterBytes,
  optimizerBytes,
  joint,
  evaluation,
  depths,
  limit,
  waveformRate,
}: PlanRecord): Html {
  const bars: Bar[] = [];
  const add = (row: string, optimizer: number, activations: number): void => {
    [parameterBytes, optimizer, activations].forEach((bytes, i) => bars.push({ row, part: PARTS[i]!.name, bytes }));
  };
  for (const { depth, inference } of depths) add(`inference at depth ${depth}`, 0, inference.activationBytes);
  for (const { depth, training } of depths)
    add(`training depth ${depth} alone`, optimizerBytes, training.activationBytes);
  if (evaluation) add(`evaluation ${evaluation.depths.join(" + ")}`, optimizerBytes, evaluation.activationBytes);
  add(`training ${joint.depths.join(" + ")} jointly`, optimizerBytes, joint.activationBytes);

  const rows = [...new Set(bars.map(({ row }) => row))];
  const totals = rows.map((row) => ({
    row,
    bytes: bars.filter((bar) => bar.row === row).reduce((sum, { bytes }) => sum + bytes, 0),
  }));
  const most = Math.max(...totals.map(({ bytes }) => bytes));
  const shown = limit && limit.bytes < 1.5 * most ? [limit] : [];
  const title = ({ row, part, bytes }: Bar): string => `${row}: ${formatBytes(bytes)} of ${part}`;
  return chart({
    title: "Device memory against depth",
    note: `predicted for the largest batch, ${batchText(batch, waveformRate)}${limit ? `; ${formatBytes(limit.bytes)} available` : ""}`,
    wide: true,
    height: 60 + 28 * rows.length,
    marginLeft: 168,
    series: PARTS,
    marks: [
      Plot.barX(bars, { x: "bytes", y: "row", fill: "part", insetTop: 2, insetBottom: 2, title }),
      Plot.text(totals, {
        x: "bytes",
        y: "row",
        text: ({ bytes }: { bytes: number }) => formatBytes(bytes),
        textAnchor: "start",
        dx: 6,
        fill: "currentColor",
      }),
      Plot.ruleX(shown, { x: "bytes", stroke: "var(--wrong)", strokeDasharray: "4 3" }),
    ],
    x: {
      label: null,
      domain: [0, 1.12 * Math.max(most, ...shown.map(({ bytes }) => bytes))],
      ticks: byteTicks(most),
      tickFormat: formatBytes,
      grid: true,
    },
    y: { type: "band", domain: rows, grid: false, tickSize: 0, label: null },
  });
}

/** Four to eight round numbers of bytes from 0 to the largest. */
function byteTicks(most: number): number[] {
  const unit = 2 ** Math.floor(Math.log2(most / 4));
  return Array.from({ length: Math.floor(most / unit) + 1 }, (_, i) => i * unit);
}
