import { formatBytes, formatCompact, formatPercent } from "../../data/text/number_format.ts";
import type { ImportedModel } from "./import_model.ts";

/** What an import made, for a reader: a line each, the last one ended. */
export function importSummary(
  {
    config,
    originalLayers,
    layers,
    schedule,
    parameters,
    untied,
    units,
    hasHead,
    leftOut,
    missingDropouts,
    bytes,
  }: ImportedModel,
  out: string,
): string {
  const share = (part: "whole" | "encoder"): string => formatPercent(1 - parameters[part] / untied[part]);
  const saved =
    untied.whole === parameters.whole
      ? "no block runs twice, so nothing is saved"
      : `${share("whole")} less than the ${formatCompact(untied.whole)} of ${schedule.length} layers that share nothing (of the encoder alone ${share("encoder")})`;
  const lines = [
    `${out}: ${config.model.kind}, a seed of ${layers.length} blocks from ${originalLayers} layers, ${formatBytes(bytes)}`,
    `blocks 0 to ${layers.length - 1} begin as the layers ${layers.join(" ")}`,
    `depth ${schedule.length} runs the blocks ${schedule.join(" ")}`,
    `${formatCompact(parameters.whole)} parameters, ${saved}`,
    units
      ? `${units.size} output classes, the blank is class ${units.blank}`
      : "no vocabulary: the run that starts from it (init) has units of its own",
    ...(hasHead ? [] : ["no output layer (lm_head): the run that starts from it draws one"]),
    ...(leftOut.length > 0 ? [`left out, as only pretraining uses them: ${leftOut.join(", ")}`] : []),
    ...missingDropouts,
  ];
  return `${lines.join("\n")}\n`;
}
