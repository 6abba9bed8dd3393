import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import type { Sensitivity } from "../../checkpoint/sensitivity_file.ts";
import { html, raw } from "./html.ts";

/** Sizes in pixels: of one bar with its gap, of the figure, and of its margins beside and above the bars. */
const [BAR, HEIGHT, MARGIN, TOP] = [36, 320, 52, 34];

/**
 * Word error rate with each block left out, a bar each, and that of the whole path as a line: one self-contained SVG file
 * on white. The axis begins at 0, so that heights compare.
 */
export function sensitivityFigure({ depth, wer, leftOut }: Sensitivity): string {
  const { document } = parseHTML("<!doctype html><html><body></body></html>");
  const width = MARGIN + Math.max(10, leftOut.length) * BAR + MARGIN;
  const bars = leftOut.map(({ block, wer: without }) => ({ block: String(block), wer: 100 * without }));
  const svg = Plot.plot({
    document,
    width,
    height: HEIGHT,
    marginLeft: MARGIN,
    marginRight: MARGIN,
    marginTop: TOP,
    marginBottom: 40,
    style: { background: "white", color: "#222", fontSize: "11px", fontFamily: "system-ui, sans-serif" },
    x: {
      type: "band",
      domain: bars.map(({ block }) => block),
      label: "block left out",
      labelArrow: "none",
      labelAnchor: "right",
      padding: 0.25,
    },
    y: { label: "WER, %", labelArrow: "none", grid: true, zero: true, nice: true },
    marks: [
      Plot.barY(bars, { x: "block", y: "wer", fill: "#0072B2" }),
      Plot.text(bars, {
        x: "block",
        y: "wer",
        text: ({ wer: rate }: { wer: number }) => rate.toFixed(1),
        dy: -7,
        fontSize: 10,
      }),
      Plot.ruleY([100 * wer], { stroke: "#D55E00", strokeWidth: 1.5, strokeDasharray: "5 3" }),
      Plot.text([100 * wer], {
        y: (rate: number) => rate,
        text: (rate: number) => `none: ${rate.toFixed(1)}`,
        frameAnchor: "right",
        textAnchor: "start",
        dx: 4,
        fill: "#D55E00",
        fontSize: 10,
      }),
    ],
  });
  return html`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${HEIGHT}" viewBox="0 0 ${width} ${HEIGHT}" font-family="system-ui, sans-serif" font-size="12">
<title>Word error rate at depth ${depth} with each block left out</title>
<rect width="${width}" height="${HEIGHT}" fill="white"/>
${raw(svg.outerHTML)}
</svg>
`.source;
}
