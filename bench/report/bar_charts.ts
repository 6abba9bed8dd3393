import * as Plot from "@observablehq/plot";
import { formatNumber, formatPercent } from "../../data/text/number_format.ts";
import { chart } from "../../train/report/chart.ts";
import type { Html } from "../../train/report/html.ts";
import { describeSizes } from "../../engine/tuning/variants.ts";
import { labelOf } from "./format.ts";
import type { KernelReport, TimedResult } from "./schema.ts";

const ROW = 19;
const timedOf = ({ results }: KernelReport): TimedResult[] =>
  results.filter((result): result is TimedResult => result.status === "timed");
const value = { textAnchor: "start", dx: 5, fill: "currentColor", fontSize: 10.5 } as const;

/** The share of the roof that each case reaches, best first, including cases without arithmetic. */
export function shareChart(report: KernelReport): Html | null {
  const bars = timedOf(report)
    .map((result) => ({ label: labelOf(result), share: result.forward.roofShare, ms: result.forward.medianMs }))
    .sort((a, b) => b.share - a.share);
  if (bars.length === 0) return null;
  const most = Math.max(1, ...bars.map(({ share }) => share));
  return chart({
    title: "Share of the roof",
    note: "of the device's own copy or multiply-add, whichever is the bound; a case that mostly reads can be faster than a copy",
    wide: true,
    height: 52 + ROW * bars.length,
    marginLeft: 330,
    series: [{ name: "share", color: "var(--set-1)" }],
    x: { label: null, domain: [0, most * 106], percent: true, tickFormat: (share: number) => `${share} %`, grid: true },
    y: { type: "band", domain: bars.map(({ label }) => label), grid: false, padding: 0.25 },
    marks: [
      Plot.barX(bars, {
        x: "share",
        y: "label",
        fill: "var(--set-1)",
        fillOpacity: 0.8,
        title: ({ label, ms }: { label: string; ms: number }) => `${label}: ${formatNumber(ms)} ms`,
      }),
      Plot.text(bars, {
        x: "share",
        y: "label",
        text: ({ share }: { share: number }) => formatPercent(share, 0),
        ...value,
      }),
      Plot.ruleX([1], { stroke: "currentColor", strokeOpacity: 0.6 }),
    ],
  });
}

interface VariantBar {
  readonly choice: string;
  readonly name: string;
  readonly row: string;
  readonly ms: number;
  readonly relative: number;
  readonly series: string;
}

const CHOSEN = [
  { name: "chosen", color: "var(--set-1)" },
  { name: "not chosen", color: "var(--line)" },
];
/** Bars of slower variants end here, and their number says the rest. */
const LONGEST = 6;

/** For each kernel with variants, a chart of their times at the cases' sizes, as multiples of the fastest. */
export function variantCharts(report: KernelReport): Html[] {
  const bars = new Map<string, VariantBar[]>();
  for (const result of timedOf(report)) {
    for (const { operation, sizes, pass, chosen, variants } of result.choices) {
      const timed = variants.flatMap((variant) => ("medianMs" in variant ? [variant] : []));
      if (timed.length < 2) continue;
      const fastest = Math.min(...timed.map(({ medianMs }) => medianMs));
      const choice = `${labelOf(result)}${pass === "backward" ? ", backward" : ""}: ${describeSizes(sizes)}`;
      const list = bars.get(operation) ?? [];
      bars.set(operation, list);
      if (list.some((bar) => bar.choice === choice)) continue;
      for (const { name, medianMs } of timed.sort((a, b) => a.medianMs - b.medianMs))
        list.push({
          choice,
          name,
          row: `${list.length}`,
          ms: medianMs,
          relative: medianMs / fastest,
          series: CHOSEN[name === chosen ? 0 : 1]!.name,
        });
    }
  }
  return [...bars].map(([operation, list]) => variantChart(operation, list));
}

function variantChart(operation: string, bars: readonly VariantBar[]): Html {
  const heads = bars.filter(({ choice }, i) => bars[i - 1]?.choice !== choice);
  // Above the variants of each choice, a row for its name.
  const rows = bars.flatMap((bar) => (heads.includes(bar) ? [`head ${bar.row}`, bar.row] : [bar.row]));
  const longest = Math.min(LONGEST, Math.max(...bars.map(({ relative }) => relative)));
  return chart({
    title: operation,
    note: "time of each variant as a multiple of the fastest; a backward variant's includes the rest of the pass",
    wide: true,
    height: 40 + ROW * rows.length,
    marginLeft: 190,
    series: CHOSEN,
    x: { label: null, domain: [0, longest * 1.12], ticks: 6, tickFormat: (times: number) => `${times} x` },
    y: { type: "band", domain: rows, grid: false, padding: 0.2, axis: null },
    marks: [
      Plot.barX(bars, {
        x: ({ relative }: VariantBar) => Math.min(relative, longest),
        y: "row",
        fill: "series",
        title: ({ name, ms }: VariantBar) => `${name}: ${formatNumber(ms)} ms`,
      }),
      ...CHOSEN.map(({ name: which }, i) =>
        Plot.text(
          bars.filter(({ series }) => series === which),
          {
            x: 0,
            y: "row",
            text: "name",
            textAnchor: "end",
            dx: -7,
            fill: "currentColor",
            fontSize: 11,
            fontWeight: i === 0 ? 600 : 400,
          },
        ),
      ),
      Plot.text(bars, {
        x: ({ relative }: VariantBar) => Math.min(relative, longest),
        y: "row",
        text: ({ ms, relative }: VariantBar) =>
          `${formatNumber(ms)} ms${relative > longest ? `, ${formatNumber(relative, 2)} x` : ""}`,
        ...value,
      }),
      Plot.text(heads, {
        x: 0,
        y: ({ row }: VariantBar) => `head ${row}`,
        text: "choice",
        textAnchor: "start",
        dx: -180,
        fill: "var(--quiet)",
        fontSize: 11,
      }),
    ],
  });
}
