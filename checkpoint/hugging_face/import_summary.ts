import { formatBytes, formatCompact, formatPercent } from "../../data/text/number_format.ts";
import type { ImportedModel } from "./import_model.ts";

/** Describes an import to the user: one line per fact, with a trailing newline. */
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
    drawsMaskVector,
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
    `blocks 0 to ${layers.length - 1} are initialised from layers ${layers.join(" ")}`,
    `depth ${schedule.length} runs the blocks ${schedule.join(" ")}`,
    `${formatCompact(parameters.whole)} parameters, ${saved}`,
    units
      ? `${units.size} output classes, the blank is class ${units.blank}`
      : "no vocabulary: the run that starts from it (init) brings its own units",
    ...(hasHead ? [] : ["no output layer (lm_head): the run that starts from it initialises one"]),
    ...(drawsMaskVector
      ? ["no mask vector (masked_spec_embed), though config.json masks: drawn anew; only training uses it"]
      : []),
    ...(leftOut.length > 0 ? [`left out, used only in pretraining: ${leftOut.join(", ")}`] : []),
    ...missingDropouts,
  ];
  return `${lines.join("\n")}\n`;
}
