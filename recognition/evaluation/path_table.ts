import Table from "cli-table3";
import { formatCount, formatPercent } from "../../data/text/number_format.ts";
import { rules, withoutInnerRules } from "../../data/text/table_rules.ts";
import type { PathSpread } from "./path_spread.ts";

/** Formats how error rates vary over the paths of each depth, for the terminal. */
export function pathTable(spreads: readonly PathSpread[]): string {
  const head = ["depth", "paths", "of", "mean WER", "median", "standard deviation", "path of median WER"];
  const table = new Table({
    head,
    colAligns: head.map((_, i) => (i < head.length - 1 ? ("right" as const) : ("left" as const))),
    style: { head: [], border: [] },
    chars: rules,
  });
  for (const { depth, legalPaths, mean, median, standardDeviation, medianPath, paths } of spreads)
    table.push([
      String(depth),
      formatCount(paths.length),
      formatCount(legalPaths),
      formatPercent(mean, 2),
      formatPercent(median, 2),
      formatPercent(standardDeviation ?? NaN, 2),
      medianPath.schedule.join(" "),
    ]);
  return withoutInnerRules(table.toString(), [spreads.length]);
}
