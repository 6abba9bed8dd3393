import * as Plot from "@observablehq/plot";

/** A curve's name and colour, a CSS value. */
export interface Series {
  name: string;
  color: string;
}

export interface ChartOptions {
  title: string;
  /** One sentence below the title. */
  note?: string;
  series: readonly Series[];
  marks: Plot.Markish[];
  x: Plot.ScaleOptions;
  y: Plot.ScaleOptions;
  /** Spans both columns of the page. */
  wide?: boolean;
  /** In pixels, as are all sizes here. Default: 300 if wide, else 260. */
  height?: number;
  /** Room for row names. */
  marginLeft?: number;
}

/** A figure for the plotting library, in a report or in a page. */
export const plotOptions = (
  { series, marks, x, y, wide = false, height = wide ? 300 : 260, marginLeft = 52 }: ChartOptions,
  width = wide ? 1080 : 520,
): Plot.PlotOptions => ({
  width,
  height,
  marginLeft,
  marginRight: 18,
  marginTop: 14,
  marginBottom: 38,
  style: { fontSize: "11px", fontFamily: "inherit", background: "none" },
  x: { nice: false, labelArrow: "none", labelAnchor: "right", ...x },
  y: { grid: true, nice: true, labelArrow: "none", label: null, ...y },
  color: { type: "ordinal", domain: series.map(({ name }) => name), range: series.map(({ color }) => color) },
  // A log scale's own axis would leave out some tick labels.
  marks: y.type === "log" ? [Plot.axisY(y.ticks as number[], { text: String, label: null }), ...marks] : marks,
});
