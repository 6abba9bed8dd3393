import Table from "cli-table3";
import type { DepthComparison } from "./compare.ts";
import { rules, withoutInnerRules } from "../../data/text/table_rules.ts";

/**
 * Formats MAPSSWE tests for the terminal, with the digits of sc_stats: the number of segments, the mean and standard
 * deviation of the errors of A minus those of B in a segment, Z, and the two-tailed p-value.
 */
export function mapssweTable(comparisons: readonly Pick<DepthComparison, "depthA" | "depthB" | "mapsswe">[]): string {
  const head = ["depth A", "depth B", "segments", "A - B", "std dev", "MAPSSWE Z", "p-value"];
  const table = new Table({
    head,
    colAligns: head.map(() => "right" as const),
    style: { head: [], border: [] },
    chars: rules,
  });
  for (const { depthA, depthB, mapsswe } of comparisons) {
    const { segments, mean, standardDeviation, z, p } = mapsswe;
    const cells = [mean, standardDeviation, z].map((value) => value.toFixed(3));
    table.push([String(depthA), String(depthB), String(segments), ...cells, p < 0.001 ? "<0.001" : p.toFixed(3)]);
  }
  return withoutInnerRules(table.toString(), [comparisons.length]);
}
