import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import type { Prediction } from "./result.ts";

/** Predicted efficiency over the number of ranks, for the largest model and a step of 0.3 s: one line a link. A self-contained SVG. */
export function efficiencyFigure(predictions: readonly Prediction[]): string {
  const largest = predictions.reduce((most, one) => (one.parameters > most.parameters ? one : most));
  const drawn = predictions
    .filter(({ model, stepSeconds }) => model === largest.model && stepSeconds === 0.3)
    .map((one) => ({ ...one, link: `${one.gigabitsPerSecond} Gbit/s` }));
  const { document } = parseHTML("<html><body></body></html>");
  const svg = Plot.plot({
    document,
    width: 560,
    height: 340,
    marginRight: 80,
    style: { background: "white", fontFamily: "sans-serif" },
    x: {
      type: "log",
      base: 2,
      label: `ranks, of ${largest.model}, 0.3 s a step (a model, not a measurement)`,
      tickFormat: String,
    },
    y: { domain: [0, 1], percent: false, grid: true, label: "efficiency" },
    marks: [
      Plot.lineY(drawn, { x: "ranks", y: "efficiency", stroke: "link" }),
      Plot.dot(drawn, { x: "ranks", y: "efficiency", fill: "link" }),
      Plot.text(
        drawn.filter(({ ranks }) => ranks === 64),
        { x: "ranks", y: "efficiency", text: "link", textAnchor: "start", dx: 6 },
      ),
      Plot.ruleY([0]),
    ],
  });
  svg.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  return `${svg.outerHTML}\n`;
}
