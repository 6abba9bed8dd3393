import Table from "cli-table3";
import { batchText } from "./batch_text.ts";
import type { PlanRecord } from "../log/log_records.ts";
import { formatBytes } from "../../data/text/number_format.ts";
import type { StepMemory } from "../../recognition/memory.ts";
import { rules, withoutInnerRules } from "../../data/text/table_rules.ts";

/** A plan as text: where the memory of the largest batch goes, for the joint step and for each depth alone. */
export function memoryTable({
  batch,
  parameterBytes,
  optimizerBytes,
  joint,
  evaluation,
  depths,
  limit,
  waveformRate,
}: PlanRecord): string {
  const table = new Table({
    head: ["", "parameters", "gradients + optimizer", "activations", "total"],
    colAligns: ["left", "right", "right", "right", "right"],
    style: { head: [], border: [] },
    chars: rules,
  });
  const row = (name: string, optimizer: string, { activationBytes, totalBytes }: StepMemory): void => {
    table.push([name, formatBytes(parameterBytes), optimizer, formatBytes(activationBytes), formatBytes(totalBytes)]);
  };
  row(`training, depths ${joint.depths.join(" + ")}`, formatBytes(optimizerBytes), joint);
  if (evaluation)
    row(
      `evaluation, depths ${evaluation.depths.join(" + ")}, ${batchText(evaluation.batch, waveformRate)}`,
      formatBytes(optimizerBytes),
      evaluation,
    );
  for (const { depth, training } of depths)
    row(`training, depth ${depth} alone`, formatBytes(optimizerBytes), training);
  for (const { depth, inference } of depths) row(`inference, depth ${depth}`, "", inference);
  return [
    `device memory of the largest batch, ${batchText(batch, waveformRate)}:`,
    withoutInnerRules(table.toString(), [evaluation ? 2 : 1, depths.length, depths.length]),
    limit
      ? `Available: ${formatBytes(limit.bytes)} (${limit.source}).`
      : "How much is available is unknown: see memory.limit_gib.",
  ].join("\n");
}
