import Table from "cli-table3";
import type { Interval } from "./bootstrap.ts";
import type { DepthComparison } from "./compare.ts";
import { formatPercent } from "../../data/text/number_format.ts";
import { rules, withoutInnerRules } from "../../data/text/table_rules.ts";

/**
 * Formats comparisons for the terminal: error rates and their difference with 95 % intervals, and the confidence in
 * which is better.
 */
export function comparisonTable(comparisons: readonly DepthComparison[]): string {
  const head = ["depth A", "depth B", "WER of A", "WER of B", "B - A", "B is better", "p-value"];
  const table = new Table({
    head,
    colAligns: head.map(() => "right" as const),
    style: { head: [], border: [] },
    chars: rules,
  });
  for (const { depthA, depthB, a, b, difference, improvement, pValue } of comparisons) {
    table.push([
      String(depthA),
      String(depthB),
      rate(a),
      rate(b),
      rate(difference, true),
      formatPercent(improvement),
      pValue.toFixed(4),
    ]);
  }
  return withoutInnerRules(table.toString(), [comparisons.length]);
}

/** `5.21 % [4.40, 6.07]` */
function rate({ value, low, high }: Interval, signed = false): string {
  const percent = (share: number): string => `${signed && share > 0 ? "+" : ""}${(100 * share).toFixed(2)}`;
  return `${percent(value)} % [${percent(low)}, ${percent(high)}]`;
}
