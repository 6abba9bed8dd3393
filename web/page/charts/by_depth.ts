import { axisX, line, plot, ruleX } from "@observablehq/plot";
import { asImage } from "./as_image.ts";

interface Row {
  readonly depth: number;
  readonly kl: number;
  /** Character errors; null without a reference. */
  readonly errors: number | null;
}

/** Charts of the errors and of the KL to the deepest path, over the depth. */
export function chartByDepth(rows: readonly Row[], depth: number, width: number): Element[] {
  const chart = (label: string, value: "errors" | "kl"): Element => {
    const drawn = plot({
      width,
      height: 140,
      marginLeft: 44,
      ariaLabel: label,
      x: { label: "depth", type: "point", domain: rows.map((row) => row.depth) },
      y: { label, zero: true, grid: true },
      marks: [
        axisX(),
        ruleX([depth], { stroke: "currentColor", strokeDasharray: "2 3" }),
        line(rows, { x: "depth", y: value, stroke: "var(--accent)", strokeWidth: 2, marker: "circle" }),
      ],
    });
    return asImage(drawn);
  };
  const known = rows.some(({ errors }) => errors !== null);
  return [...(known ? [chart("character errors", "errors")] : []), chart("KL to the deepest, nats a frame", "kl")];
}
