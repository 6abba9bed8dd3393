import Table from "cli-table3";
import type { PlanRecord } from "./log_records.ts";
import { formatBytes, formatCount } from "./number_format.ts";
import { rules, withoutInnerRules } from "./table.ts";

/** A plan as text: where the memory of the largest batch goes, for the joint step and for each depth by itself. */
export function memoryTable({ batch, parameterBytes, optimizerBytes, joint, depths, limit }: PlanRecord): string {
  const table = new Table({
    head: ["", "parameters", "gradients + optimizer", "activations", "total", "reserved"],
    colAligns: ["left", "right", "right", "right", "right", "right"],
    style: { head: [], border: [] },
    chars: rules,
  });
  const row = (name: string, optimizer: string, { activationBytes, totalBytes, reservedBytes }: PlanRecord["joint"] | PlanRecord["depths"][number]["inference"]): void => {
    table.push([name, formatBytes(parameterBytes), optimizer, ...[activationBytes, totalBytes, reservedBytes].map(formatBytes)]);
  };
  row(`training, depths ${joint.depths.join(" + ")}`, formatBytes(optimizerBytes), joint);
  for (const { depth, training } of depths) row(`training, depth ${depth} alone`, formatBytes(optimizerBytes), training);
  for (const { depth, inference } of depths) row(`inference, depth ${depth}`, "", inference);
  const shape = `${formatCount(batch.size)} utterance${batch.size === 1 ? "" : "s"} of ${formatCount(batch.frames)} frames`;
  return [
    `device memory of the largest batch, ${shape}:`,
    withoutInnerRules(table.toString(), [1, depths.length, depths.length]),
    `"total" is in use at once, "reserved" are all buffers kept for the next step; ${limit ? `there are ${formatBytes(limit.bytes)} (${limit.source})` : "how much there is, nobody tells: see memory.limit_gib"}.`,
  ].join("\n");
}
