import * as Plot from "@observablehq/plot";
import type { ResultRecord } from "../log/log_records.ts";
import { formatCompact, formatPercent } from "../../data/text/number_format.ts";
import { chart } from "./chart.ts";
import { labelStyle } from "./label_style.ts";
import type { Series } from "./plot_options.ts";
import type { Html } from "./html.ts";

const COLORS = ["var(--set-1)", "var(--set-2)", "var(--set-3)", "var(--set-4)"];
const percentAxis: Plot.ScaleOptions = { zero: true, percent: true, tickFormat: (value: number) => `${value} %` };

function setSeries(results: readonly ResultRecord[]): Series[] {
  return results.map(({ set }, i) => ({ name: set, color: COLORS[i % COLORS.length]! }));
}

/** What unfolding gains: word error rate of each test set against depth. */
export function depthChart(results: readonly ResultRecord[]): Html {
  const points = results.flatMap(({ set, rows }) => rows.map(({ depth, wer }) => ({ x: depth, y: wer, series: set })));
  const depths = [...new Set(points.map(({ x }) => x))].sort((a, b) => a - b);
  return chart({
    title: "Word error rate against depth",
    note: "one set of weights, unfolded to each depth",
    series: setSeries(results),
    marks: [
      Plot.lineY(points, { x: "x", y: "y", z: "series", stroke: "series", strokeWidth: 1.8 }),
      Plot.dot(points, { x: "x", y: "y", fill: "series", r: 4 }),
      Plot.text(points, { x: "x", y: "y", text: ({ y }: { y: number }) => formatPercent(y, 1), ...labelStyle }),
    ],
    x: { label: "logical depth (block applications)", ticks: depths, tickFormat: "d", inset: 24 },
    y: { ...percentAxis, insetTop: 14 },
  });
}

/** What sharing saves: the parameters each depth loads, and those of a separately built model of the same depth. */
export function parameterChart(results: readonly ResultRecord[]): Html {
  const points = results.flatMap(({ set, rows }) =>
    rows.map((row) => ({ ...row, set, alone: row.untied?.whole ?? row.parameters })),
  );
  const compared = points.filter(({ alone, parameters }) => alone !== parameters);
  return chart({
    title: "Word error rate against parameters",
    note: compared.length > 0 ? "filled: loaded, hollow: without sharing" : "loaded for each depth",
    series: setSeries(results),
    marks: [
      Plot.link(compared, {
        x1: "parameters",
        x2: "alone",
        y1: "wer",
        y2: "wer",
        stroke: "set",
        strokeDasharray: "3 3",
        strokeOpacity: 0.7,
      }),
      Plot.dot(compared, { x: "alone", y: "wer", stroke: "set", r: 4, strokeWidth: 1.6 }),
      Plot.text(compared, {
        x: "alone",
        y: "wer",
        text: ({ depth }: { depth: number }) => `depth ${depth}`,
        ...labelStyle,
      }),
      Plot.dot(points, { x: "parameters", y: "wer", fill: "set", r: 4 }),
      Plot.text(
        points.filter((point) => !compared.includes(point)),
        { x: "parameters", y: "wer", text: ({ depth }: { depth: number }) => `depth ${depth}`, ...labelStyle },
      ),
    ],
    x: {
      label: "parameters",
      zero: true,
      ticks: 6,
      tickFormat: (value: number) => (value === 0 ? "0" : formatCompact(value)),
      insetRight: 24,
    },
    y: { ...percentAxis, insetTop: 14 },
  });
}
