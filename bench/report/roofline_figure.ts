import * as Plot from "@observablehq/plot";
import { formatNumber, formatPercent } from "../../data/text/number_format.ts";
import type { KernelReport, TimedResult } from "./schema.ts";
import { boundAt, boundOf, intensityOf, ridgeOf, type Roof } from "../roofline/roof.ts";
import type { ChartOptions } from "../../train/report/plot_options.ts";
import { labelStyle } from "../../train/report/label_style.ts";
import { placeLabels } from "./labels.ts";

const USUAL = { width: 1080, height: 560 };
const MARGIN = { left: 52, right: 18, top: 14, bottom: 38 };
const BOUNDS = [
  { name: "bound by memory", color: "var(--set-1)" },
  { name: "bound by arithmetic", color: "var(--set-2)" },
];
const OVERLAY_COLORS = ["var(--set-3)", "var(--set-4)"];

/** Measurements of another adapter, to draw over those of the first. */
export interface Overlay {
  readonly name: string;
  readonly kernels: KernelReport;
}

export interface RooflineOptions {
  /** Of the figure, in pixels. */
  readonly width?: number;
  readonly height?: number;
  readonly overlays?: readonly Overlay[];
}

interface Dot {
  readonly x: number;
  readonly y: number;
  readonly series: string;
  readonly label: string;
  readonly title: string;
}

/**
 * The roofline: GFLOP/s against operations per byte, both logarithmic. Each dot is a case; hollow ones are its other
 * variants, if measured. Cases without arithmetic have no place here and are in the other charts.
 */
export function rooflineFigure(
  { roof, results }: KernelReport,
  { width = USUAL.width, height = USUAL.height, overlays = [] }: RooflineOptions = {},
): ChartOptions | null {
  const timed = withArithmetic(results);
  const overlaid = overlays.map(({ name, kernels }) => ({
    roof: kernels.roof,
    dots: withArithmetic(kernels.results).map((result) => dotOf(result, result.forward.medianMs, ` on ${name}`, name)),
  }));
  if (timed.length + overlaid.flatMap(({ dots }) => dots).length === 0) return null;
  const chosen = timed.map((result) => dotOf(result, result.forward.medianMs, "", boundName(result)));
  const others = timed.flatMap((result) =>
    result.choices.flatMap(({ pass, chosen, variants }) =>
      variants.flatMap((variant) =>
        pass === "forward" && variant.name !== chosen && "medianMs" in variant
          ? [dotOf(result, variant.medianMs, ` as ${variant.name}`, boundName(result))]
          : [],
      ),
    ),
  );
  function boundName(result: TimedResult): string {
    return BOUNDS[boundOf(result, roof) === "memory" ? 0 : 1]!.name;
  }

  const ridge = ridgeOf(roof);
  const dots = [...chosen, ...others, ...overlaid.flatMap(({ dots }) => dots)];
  const roofs = [roof, ...overlaid.map(({ roof }) => roof)];
  const x = decades([...dots.map(({ x }) => x), ...roofs.flatMap((each) => [ridgeOf(each) / 20, ridgeOf(each) * 3])]);
  const y = decades([...dots.map(({ y }) => y), ...roofs.map(({ gflopsPerSecond }) => gflopsPerSecond * 1.6)]);
  const cornersOf = (each: Roof): { x: number; y: number }[] =>
    [x.low, ridgeOf(each), x.high].map((intensity) => ({ x: intensity, y: boundAt(intensity, each) }));
  const corners = cornersOf(roof);
  const toPixels = ({ x: at, y: value }: { x: number; y: number }) => ({
    x: MARGIN.left + ((width - MARGIN.left - MARGIN.right) * Math.log(at / x.low)) / Math.log(x.high / x.low),
    y:
      height -
      MARGIN.bottom -
      ((height - MARGIN.top - MARGIN.bottom) * Math.log(value / y.low)) / Math.log(y.high / y.low),
  });
  const labels = placeLabels(
    chosen.map((dot) => ({ ...toPixels(dot), text: dot.label, dot })),
    { width, height, avoid: dots.map(toPixels) },
  );
  const without = results.filter((result) => result.status === "timed" && result.flops === 0).length;
  return {
    title: "Roofline",
    note: `GFLOP/s against operations per byte${others.length > 0 ? "; hollow: variants that were not chosen" : ""}${without > 0 ? `; without arithmetic, and so only below: ${without}` : ""}`,
    wide: true,
    height,
    series: [
      ...BOUNDS,
      ...overlays.map(({ name }, i) => ({ name, color: OVERLAY_COLORS[i % OVERLAY_COLORS.length]! })),
    ],
    x: {
      type: "log",
      domain: [x.low, x.high],
      ticks: x.ticks,
      tickFormat: String,
      label: "operations per byte",
      grid: true,
    },
    y: { type: "log", domain: [y.low, y.high], ticks: y.ticks, nice: false },
    marks: [
      Plot.areaY(corners, { x: "x", y1: () => y.low, y2: "y", fill: "currentColor", fillOpacity: 0.035 }),
      Plot.line(corners, { x: "x", y: "y", stroke: "currentColor", strokeWidth: 1.6, strokeOpacity: 0.75 }),
      Plot.text([corners[1]!], {
        x: () => Math.sqrt(ridge * x.high),
        y: "y",
        text: () => `${formatNumber(roof.gflopsPerSecond)} GFLOP/s of multiply-adds`,
        ...labelStyle,
        dy: -9,
      }),
      Plot.text([corners[0]!], {
        x: () => x.low * (ridge / x.low) ** 0.22,
        y: () => boundAt(x.low * (ridge / x.low) ** 0.22, roof),
        text: () => `${formatNumber(roof.gigabytesPerSecond)} GB/s copied`,
        ...labelStyle,
        rotate: slope(toPixels, corners),
        dy: -9,
      }),
      ...overlaid.map(({ roof }, i) =>
        Plot.line(cornersOf(roof), {
          x: "x",
          y: "y",
          stroke: OVERLAY_COLORS[i % OVERLAY_COLORS.length]!,
          strokeDasharray: "5 4",
        }),
      ),
      Plot.dot(
        overlaid.flatMap(({ dots }) => dots),
        { x: "x", y: "y", stroke: "series", symbol: "diamond", r: 4, strokeWidth: 1.5, title: "title" },
      ),
      Plot.dot(others, {
        x: "x",
        y: "y",
        stroke: "series",
        strokeOpacity: 0.6,
        strokeWidth: 1.2,
        r: 3,
        title: "title",
      }),
      Plot.dot(chosen, {
        x: "x",
        y: "y",
        fill: "series",
        r: 4.5,
        stroke: "var(--card)",
        strokeWidth: 1,
        title: "title",
      }),
      ...labels.map(({ item, dx, dy, anchor }) =>
        Plot.text([item.dot], {
          x: "x",
          y: "y",
          text: "label",
          ...labelStyle,
          dx,
          dy,
          textAnchor: anchor,
          strokeWidth: 3,
          fontSize: 10.5,
        }),
      ),
    ],
  };
}

const withArithmetic = (results: KernelReport["results"]): TimedResult[] =>
  results.filter((result): result is TimedResult => result.status === "timed" && result.flops > 0);

function dotOf(result: TimedResult, ms: number, variant: string, series: string): Dot {
  const [x, y] = [intensityOf(result), result.flops / ms / 1e6];
  const share = (result.forward.roofShare * result.forward.medianMs) / ms;
  const title = `${result.operation}: ${result.case ?? ""}${variant}\n${formatNumber(ms)} ms, ${formatNumber(y)} GFLOP/s, ${formatPercent(share, 0)} of the roof`;
  return { x, y, series, label: result.operation, title };
}

/** The angle of the slanted part, in degrees on the page. */
function slope(
  toPixels: (point: { x: number; y: number }) => { x: number; y: number },
  [from, to]: { x: number; y: number }[],
): number {
  const [a, b] = [toPixels(from!), toPixels(to!)];
  return (Math.atan2(b.y - a.y, b.x - a.x) * 180) / Math.PI;
}

/** A domain with room on both sides, and a tick at each power of ten in it. */
function decades(values: readonly number[]): { low: number; high: number; ticks: number[] } {
  const [low, high] = [Math.min(...values) / 1.6, Math.max(...values) * 1.3];
  const first = Math.ceil(Math.log10(low));
  const count = Math.floor(Math.log10(high)) - first + 1;
  return { low, high, ticks: Array.from({ length: Math.max(0, count) }, (_, i) => Number(`1e${first + i}`)) };
}
