import Table from "cli-table3";
import { dropOrder, type Sensitivity } from "../../checkpoint/sensitivity_file.ts";
import { formatCount, formatPercent } from "../../data/text/number_format.ts";
import { rules, withoutInnerRules } from "../../data/text/table_rules.ts";

/**
 * A sensitivity for the terminal: a row for the whole path, then one for each block left out, with its change of the WER
 * in percentage points, its errors, and when it would be dropped (1: first).
 */
export function sensitivityTable(sensitivity: Sensitivity): string {
  const { depth, wer, leftOut } = sensitivity;
  const order = dropOrder(sensitivity);
  const head = ["left out", "WER", "change", "sub", "del", "ins", "dropped"];
  const table = new Table({
    head,
    colAligns: head.map((_, i) => (i === 0 ? "left" : "right")),
    style: { head: [], border: [] },
    chars: rules,
  });
  table.push([`none (depth ${depth})`, formatPercent(wer, 2), "", "", "", "", ""]);
  for (const { block, wer: without, substitutions, deletions, insertions } of leftOut)
    table.push([
      `block ${block}`,
      formatPercent(without, 2),
      points(without - wer),
      ...[substitutions, deletions, insertions].map(formatCount),
      String(order.indexOf(block) + 1),
    ]);
  return withoutInnerRules(table.toString(), [1, leftOut.length]);
}

/** A difference of shares in percentage points: +1.25. */
function points(share: number): string {
  const text = (100 * share).toFixed(2);
  return share > 0 ? `+${text}` : text;
}
