import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import { formatCompact } from "../../data/text/number_format.ts";
import { html, raw, type Html } from "../report/html.ts";
import type { SpreadSummary } from "./spreads.ts";
import type { Summary, SummaryLine } from "./summary.ts";

/** Distinct even for most people with a colour vision deficiency: Okabe and Ito's palette, then others. */
const COLORS = [
  "#0072B2",
  "#D55E00",
  "#009E73",
  "#CC79A7",
  "#E69F00",
  "#56B4E9",
  "#000000",
  "#8c564b",
  "#7b4fd6",
  "#8a8a8a",
  "#b8b800",
  "#004d33",
];

const [WIDTH, HEIGHT, MARGIN, LEGEND] = [520, 320, 16, 22];

interface Point {
  series: string;
  depth: number;
  parameters: number;
  wer: number;
  low: number;
  high: number;
  /** Mean of all legal paths, less and plus their standard deviation; both the rate itself where there is one path. */
  band: [number, number];
}

/**
 * Word error rate against parameters (left) and depth (right), a row of panels for each test set, with 95 % intervals and
 * one colour for each row or group: one self-contained SVG file on white. Series are placed side by side, each shifted by
 * a constant amount (over parameters by up to 6.5 % of the largest), so points are not exactly at their x: the table is
 * exact. Over depth, a band shows the standard deviation over the legal paths of a depth around their mean.
 */
export function summaryFigure({ lines, spreads }: Summary): string {
  const series = [...new Set(lines.map(({ groupTitle }) => groupTitle))];
  const sets = [...new Set(lines.flatMap(({ errors }) => errors.map(({ set }) => set)))];
  const columns = 3;
  const top = MARGIN + Math.ceil(series.length / columns) * LEGEND;
  const width = 2 * WIDTH + 3 * MARGIN;
  const height = top + sets.length * (HEIGHT + MARGIN) + MARGIN;
  const panels = sets.flatMap((set, i) => {
    const points = lines.flatMap((line) => pointOf(line, set, spreads));
    const y = top + i * (HEIGHT + MARGIN);
    return [
      at(MARGIN, y, panel(`WER on ${set}, %`, "parameters loaded (series side by side)", points, series, "parameters")),
      at(2 * MARGIN + WIDTH, y, panel(`WER on ${set}, %`, "logical depth", points, series, "depth")),
    ];
  });
  const legend = series.map((name, i) => {
    const [x, y] = [
      MARGIN + (i % columns) * ((width - 2 * MARGIN) / columns),
      MARGIN + Math.floor(i / columns) * LEGEND,
    ];
    return html`<circle cx="${x + 6}" cy="${y}" r="5" fill="${colorOf(i)}"/><text x="${x + 17}" y="${y + 4}">${name}</text>`;
  });
  return html`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="12">
<rect width="${width}" height="${height}" fill="white"/>
${legend}
${panels}
</svg>
`.source;
}

const colorOf = (i: number): string => COLORS[i % COLORS.length] as string;

/** Rates in percent. */
function pointOf(
  { row, groupTitle, depth, parameters, errors }: SummaryLine,
  set: string,
  spreads: readonly SpreadSummary[],
): Point[] {
  const found = errors.find((error) => error.set === set);
  if (!found) return [];
  const { value, low, high } = found.wer;
  const spread = spreads.find((other) => other.row === row && other.depth === depth && other.set === set);
  const { mean, deviation } = spread ?? { mean: value, deviation: 0 };
  return [
    {
      series: groupTitle,
      depth,
      parameters: parameters.whole,
      wer: 100 * value,
      low: 100 * low,
      high: 100 * high,
      band: [100 * (mean - deviation), 100 * (mean + deviation)],
    },
  ];
}

function panel(
  title: string,
  label: string,
  points: readonly Point[],
  series: readonly string[],
  x: "parameters" | "depth",
): Html {
  const { document } = parseHTML("<!doctype html><html><body></body></html>");
  // Side by side, so that intervals do not hide each other.
  const shift = (p: Point): number => (series.length < 2 ? 0 : series.indexOf(p.series) / (series.length - 1) - 0.5);
  const width = x === "depth" ? 0.5 : 0.13 * Math.max(...points.map(({ parameters }) => parameters));
  const { floor, ticks: rates, options } = rateScale(points);
  const placed = points.map((p) => ({
    ...p,
    x: p[x] + width * shift(p),
    wer: Math.max(p.wer, floor),
    low: Math.max(p.low, floor),
    high: Math.max(p.high, floor),
    band: p.band.map((rate) => Math.max(rate, floor)),
  }));
  const ticks = x === "depth" ? [...new Set(points.map(({ depth }) => depth))].sort((a, b) => a - b) : 6;
  const svg = Plot.plot({
    document,
    width: WIDTH,
    height: HEIGHT,
    marginLeft: 48,
    marginRight: 20,
    marginTop: 30,
    marginBottom: 40,
    style: { background: "white", color: "#222", fontSize: "11px", fontFamily: "system-ui, sans-serif" },
    x: {
      label,
      labelArrow: "none",
      labelAnchor: "right",
      ticks,
      zero: x === "parameters",
      inset: x === "depth" ? 24 : 6,
      tickFormat: x === "depth" ? "d" : (value: number) => (value === 0 ? "0" : formatCompact(value)),
    },
    y: { label: title, labelArrow: "none", grid: true, ...options },
    color: { type: "ordinal", domain: [...series], range: series.map((_, i) => colorOf(i)) },
    marks: [
      ...(x === "depth"
        ? [
            Plot.areaY(placed, {
              x: "x",
              y1: ({ band }: Point) => band[0],
              y2: ({ band }: Point) => band[1],
              z: "series",
              fill: "series",
              fillOpacity: 0.18,
              sort: "depth",
            }),
          ]
        : []),
      ...(rates ? [Plot.axisY(rates, { text: (rate: number) => `${rate}`, label: title, labelArrow: "none" })] : []), // Plot's own axis leaves out some labels
      Plot.lineY(placed, { x: "x", y: "wer", z: "series", stroke: "series", strokeWidth: 1.5, sort: "depth" }),
      Plot.link(placed, { x1: "x", x2: "x", y1: "low", y2: "high", stroke: "series", strokeWidth: 1.2 }),
      Plot.dot(placed, { x: "x", y: "wer", fill: "series", r: 4 }),
      ...(x === "parameters"
        ? [Plot.text(placed, { x: "x", y: "wer", text: "depth", dx: 9, dy: -6, fill: "series", fontSize: 10 })]
        : []),
    ],
  });
  return raw(svg.outerHTML);
}

/**
 * A logarithmic scale if the rates are so far apart that a linear one would only show the worst; its lower end, `floor`,
 * stands for a rate of 0.
 */
function rateScale(points: readonly Point[]): { floor: number; ticks?: number[]; options: Plot.ScaleOptions } {
  const rates = points.map(({ wer }) => wer).filter((rate) => rate > 0);
  const [least, most] = [Math.min(...rates), Math.max(...points.map(({ high }) => high))];
  if (!(most > 10 * least)) return { floor: 0, options: { nice: true, zero: true } };
  const floor = least / 2;
  const ticks = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200].filter((tick) => tick >= floor && tick <= most);
  return { floor, ticks, options: { type: "log", domain: [floor, most], ticks } };
}

/** A panel at its place in the figure. */
const at = (x: number, y: number, { source }: Html): Html =>
  html`<g transform="translate(${x} ${y})">${raw(source)}</g>`;
