import Table from "cli-table3";
import type { Inspection } from "./inspect.ts";
import { rules, withoutInnerRules } from "../../data/text/table_rules.ts";
import { formatBytes, formatCount, formatPercent } from "../../data/text/number_format.ts";

/** An inspection as text: what the checkpoint is, then a row for each depth. */
export function inspectionTable(inspection: Inspection): string {
  const {
    path,
    step,
    bestWer,
    parameters,
    parameterBytes,
    optimizerBytes,
    seconds,
    labels,
    depths,
    units,
    unitKind,
    hasHead,
  } = inspection;
  const table = new Table({
    head: [
      "depth",
      "schedule",
      "parameters",
      "encoder",
      "untied",
      "saved",
      "saved of encoder",
      "inference",
      "training",
      "with checkpointing",
    ],
    colAligns: ["right", "left", "right", "right", "right", "right", "right", "right", "right", "right"],
    style: { head: [], border: [] },
    chars: rules,
  });
  for (const d of depths)
    table.push([
      d.depth,
      d.schedule.join(" "),
      formatCount(d.parameters.whole),
      formatCount(d.parameters.encoder),
      formatCount(d.untied.whole),
      formatPercent(1 - d.parameters.whole / d.untied.whole, 1),
      formatPercent(1 - d.parameters.encoder / d.untied.encoder, 1),
      formatBytes(d.inferenceBytes),
      formatBytes(d.trainingBytes),
      formatBytes(d.checkpointedBytes),
    ]);
  return [
    `${path}: step ${step}${bestWer === null ? "" : `, best dev WER ${formatPercent(bestWer, 2)}`}, ${units === null ? "no output units" : `${units} output units (${unitKind})`}${hasHead ? "" : ", no output layer yet"}`,
    `parameters: ${formatCount(parameters.whole)} (encoder ${formatCount(parameters.encoder)}${parameters.decoder > 0 ? `, decoder ${formatCount(parameters.decoder)}` : ""}), ${formatBytes(parameterBytes)}; gradients and optimiser state ${formatBytes(optimizerBytes)}`,
    withoutInnerRules(table.toString(), [depths.length]),
    `"untied": a model of that depth whose layers share nothing. Inference and training: memory besides parameters, for one utterance of ${seconds} s and ${labels} units.${parameters.decoder > 0 ? " Inference: of encoder and CTC, without a search by the decoder." : ""}`,
  ].join("\n");
}
