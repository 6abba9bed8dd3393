import { unitsFromJSON } from "../../model/units/restore.ts";
import type { Units } from "../../model/units/units.ts";
import { restoreLanguageModelConfig } from "../../config/language/config.ts";
import { loadLanguageModel } from "../../checkpoint/checkpoint_file.ts";
import { declareLanguageModel } from "../../checkpoint/language/build.ts";
import { expectTensors } from "../../checkpoint/safetensors/expect_tensors.ts";
import { formatBytes, formatCount } from "../../data/text/number_format.ts";

export interface LanguageModelInspection {
  readonly path: string;
  readonly step: number;
  /** On dev, per unit; null before the first evaluation. */
  readonly bestPerplexity: number | null;
  readonly units: number;
  readonly unitKind: Units["kind"];
  readonly blocks: number;
  readonly dim: number;
  readonly parameters: number;
  readonly parameterBytes: number;
  /** Gradients and both moments. */
  readonly optimizerBytes: number;
}

/** Throws UserError if the checkpoint's tensors do not fit its config. */
export function inspectLanguageModel(given: string): LanguageModelInspection {
  const checkpoint = loadLanguageModel(given);
  checkpoint.close(); // the header is enough
  const { path, state } = checkpoint;
  const config = restoreLanguageModelConfig(state.config, path);
  const units = unitsFromJSON(state.units, path);
  const { parameters } = declareLanguageModel(config, units, { lossScaled: false });
  expectTensors(checkpoint, parameters.savedShapes);
  const count = parameters.count;
  return {
    path,
    step: state.step,
    bestPerplexity: state.best?.perplexity ?? null,
    units: units.size,
    unitKind: units.kind,
    blocks: config.model.blocks,
    dim: config.model.dim,
    parameters: count,
    parameterBytes: 4 * count,
    optimizerBytes: 12 * count,
  };
}

export const languageModelText = (inspection: LanguageModelInspection): string =>
  [
    `${inspection.path}: a language model, step ${inspection.step}${inspection.bestPerplexity === null ? "" : `, best dev perplexity ${inspection.bestPerplexity.toFixed(3)} per unit`}, ${inspection.units} output units (${inspection.unitKind})`,
    `${inspection.blocks} blocks of ${inspection.dim} channels; parameters: ${formatCount(inspection.parameters)}, ${formatBytes(inspection.parameterBytes)}; gradients and optimiser state ${formatBytes(inspection.optimizerBytes)}`,
  ].join("\n");
