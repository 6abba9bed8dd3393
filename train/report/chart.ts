import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import { html, raw, type Html } from "./html.ts";
import { plotOptions, type ChartOptions, type Series } from "./plot_options.ts";

/** One point of a curve; `series` says which curve. */
export interface Point {
  x: number;
  y: number;
  series: string;
}

/**
 * A figure whose SVG is rendered here, not in the browser: it needs no script, scales and prints. Colours are the page's
 * CSS variables, so it follows the light or dark scheme.
 */
export function chart(options: ChartOptions): Html {
  const { title, note, series, wide = false } = options;
  const { document } = parseHTML("<!doctype html><html><body></body></html>");
  const svg = Plot.plot({ document, ...plotOptions(options) });
  return html`<figure class="chart${wide && " wide"}">
    <figcaption><b>${title}</b>${note !== undefined && html`<span class="note">${note}</span>`}${series.length > 1 && legend(series)}</figcaption>
    ${raw(svg.outerHTML)}
  </figure>`;
}

/** 500, 1 k, 1.5 k: ticks of counts. */
export function countTick(value: number): string {
  return Math.abs(value) >= 1000 ? `${value / 1000} k` : String(value);
}

function legend(series: readonly Series[]): Html {
  return html`<span class="legend">${series.map(({ name, color }) => html`<span><i style="background:${color}"></i>${name}</span>`)}</span>`;
}

/** A logarithmic axis if values span more than a factor of 20 and are all above 0, so that small, late changes show. */
export function scaleFor(points: readonly Point[]): Plot.ScaleOptions {
  const values = points.map(({ y }) => y).filter(Number.isFinite);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return low > 0 && high > 20 * low ? { type: "log", ticks: logTicks(low, high), nice: false } : { zero: true };
}

/** 1, 2 and 5 times powers of ten in [low, high]; powers alone if those are many. */
function logTicks(low: number, high: number): number[] {
  const [first, last] = [Math.floor(Math.log10(low)), Math.floor(Math.log10(high))];
  const digits = last - first > 3 ? [1] : [1, 2, 5];
  return Array.from({ length: last - first + 1 }, (_, i) => digits.map((digit) => Number(`${digit}e${first + i}`)))
    .flat()
    .filter((tick) => tick >= low && tick <= high);
}

/** Curves: thin through every point, with a bold running mean if there are enough points for one. */
export function curves(points: readonly Point[]): Plot.Markish[] {
  const perSeries = points.length / new Set(points.map(({ series }) => series)).size;
  const line = { x: "x", y: "y", z: "series", stroke: "series", strokeLinejoin: "round" } as const;
  const data = points.filter(({ y }) => Number.isFinite(y));
  if (perSeries < 40) return [Plot.lineY(data, { ...line, strokeWidth: 1.8 })];
  const k = Math.max(3, Math.round(perSeries / 25));
  return [
    Plot.lineY(data, { ...line, strokeWidth: 1, strokeOpacity: 0.25 }),
    Plot.lineY(data, Plot.windowY({ k, anchor: "middle", reduce: "mean" }, { ...line, strokeWidth: 1.8 })),
  ];
}
