import { plot } from "@observablehq/plot";
import { rooflineFigure, type Overlay } from "../../../bench/report/roofline_figure.ts";
import type { KernelReport } from "../../../bench/report/schema.ts";
import { plotOptions, type Series } from "../../../train/report/plot_options.ts";
import { asImage } from "../charts/as_image.ts";

export interface DrawnRoofline {
  readonly chart: Element;
  readonly note: string;
  readonly series: readonly Series[];
}

/** The roofline of a report with others over it; undefined if none has arithmetic. */
export function drawRoofline(
  report: KernelReport,
  overlays: readonly Overlay[],
  width: number,
): DrawnRoofline | undefined {
  const figure = rooflineFigure(report, { width, height: Math.min(560, Math.max(320, width / 2)), overlays });
  if (!figure) return undefined;
  const chart = plot({ ...plotOptions(figure, width), ariaLabel: "Roofline: GFLOP/s against operations per byte" });
  return { chart: asImage(chart), note: figure.note ?? "", series: figure.series };
}
