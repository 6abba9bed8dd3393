import { line, plot, text } from "@observablehq/plot";
import { asImage } from "./as_image.ts";

/** A curve of one depth. */
export interface Curve {
  readonly depth: number;
  readonly points: readonly { readonly step: number; readonly value: number }[];
}

/** Points that a curve is drawn with at most: each is then a mean over several steps. */
const MOST_POINTS = 200;

/** Told apart without colours. */
const DASHES = ["none", "6 3", "2 3"];

/** A chart of one curve a depth, over the steps. */
export function chartOverSteps(label: string, curves: readonly Curve[], width: number): Element {
  const thinned = curves.map(({ depth, points }) => ({ depth, points: thin(points) }));
  return asImage(
    plot({
      width,
      height: 180,
      marginLeft: 44,
      marginRight: 64,
      ariaLabel: label,
      x: { label: "step" },
      y: { label, zero: true, grid: true },
      marks: thinned.flatMap(({ depth, points }, i) => [
        line(points, {
          x: "step",
          y: "value",
          stroke: i === thinned.length - 1 ? "var(--accent)" : "var(--soft)",
          strokeWidth: 1.5,
          strokeDasharray: DASHES[i % DASHES.length] as string,
        }),
        text(points.slice(-1), {
          x: "step",
          y: "value",
          text: () => `depth ${depth}`,
          textAnchor: "start",
          dx: 5,
          dy: (i - (thinned.length - 1) / 2) * 12,
          fill: "currentColor",
        }),
      ]),
    }),
  );
}

/** The mean of each point and those before it, so many in all: batches of long strings lose more than batches of short ones. */
export const smoothed = (points: Curve["points"], window: number): Curve["points"] =>
  points.map(({ step }, i) => {
    const part = points.slice(Math.max(0, i + 1 - window), i + 1);
    return { step, value: part.reduce((sum, { value }) => sum + value, 0) / part.length };
  });

/** Means of equally many points each. */
function thin(points: Curve["points"]): Curve["points"] {
  const size = Math.ceil(points.length / MOST_POINTS);
  if (size <= 1) return points;
  return Array.from({ length: Math.ceil(points.length / size) }, (_, i) => {
    const part = points.slice(i * size, (i + 1) * size);
    const mean = part.reduce((sum, { value }) => sum + value, 0) / part.length;
    return { step: (part.at(-1) as { step: number }).step, value: mean };
  });
}
