import { statSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../../engine/errors.ts";
import type { Parameters } from "../../engine/parameters.ts";
import type { DepthSchedule } from "../../model/unfold.ts";
import { prefixOf } from "../../model/wav2vec2/names.ts";
import type { Units } from "../../model/units/units.ts";
import { declareModel } from "../build_model.ts";
import { scheduleOf } from "../../config/depths.ts";
import { stateBeside, writeCheckpoint } from "../checkpoint_file.ts";
import { identifyLayers } from "../layer_identity.ts";
import { readSensitivity } from "../sensitivity_file.ts";
import { plainConfig, type TrainConfig } from "../../config/config.ts";
import { countParameters, untiedParameters, type ModelSize } from "../../model/parameter_counts.ts";
import { allFinite } from "../safetensors/expect_tensors.ts";
import { expectNoInput, expectPlace } from "../../data/files/output_place.ts";
import type { SafeTensor } from "../safetensors/safetensors.ts";
import { readModelFolder, type ModelFolder } from "./folder.ts";
import { expectMeasuredOn, mostSensitive } from "./kept_layers.ts";
import { chooseLayers, type LayerChoice } from "./layer_choice.ts";
import { matchWeights, type MatchedWeights } from "./match_weights.ts";
import { seedConfig, type SeedDepths } from "./seed_config.ts";
import { inLayer, layerOf } from "./spelling.ts";
import { packTensor } from "./state.ts";
import { openWeights } from "./weights.ts";

export interface ImportOptions extends LayerChoice, SeedDepths {
  /** Whether to overwrite an existing checkpoint. */
  readonly force: boolean;
}

/** Summary of an import. */
export interface ImportedModel {
  readonly config: TrainConfig;
  /** Layers of the pretrained encoder. */
  readonly originalLayers: number;
  /** For each physical block, the layer that it is initialised from. */
  readonly layers: readonly number[];
  /** For the deepest path, the block of each logical layer. */
  readonly schedule: DepthSchedule;
  /** Excludes the output layer if there is none. */
  readonly parameters: ModelSize;
  /** Size of an equally deep model whose layers share nothing. */
  readonly untied: ModelSize;
  readonly units: Units | null;
  /** Whether there is an output layer: only then is the seed usable as it is. */
  readonly hasHead: boolean;
  /** Whether config.json masks frames but the folder has no vector to mask them with, so that one was drawn. */
  readonly drawsMaskVector: boolean;
  /** Names of tensors used only in pretraining. */
  readonly leftOut: readonly string[];
  /** A line for each unsupported dropout in config.json. */
  readonly missingDropouts: readonly string[];
  readonly bytes: number;
}

/**
 * Imports a Hugging Face folder as a checkpoint of this project, one tensor at a time: the chosen layers become the
 * physical blocks 0, 1, …, which unfold to the requested depths. Values keep their type.
 *
 * @param out the checkpoint to write, either complete or absent; its state as JSON goes beside it
 * @throws UserError in one sentence if the folder, the choice of layers or the destination is unusable; RunError if it
 *   cannot be written
 */
export function importModel(path: string, out: string, options: ImportOptions): ImportedModel {
  if (!out.endsWith(".safetensors"))
    throw new UserError(`--out: expected a name that ends in .safetensors, got '${out}'`);
  const folder = readModelFolder(path);
  const { keep } = options;
  const measured = keep && readSensitivity(keep.by);
  const layers = measured ? mostSensitive(measured, keep, folder) : chooseLayers(folder.config.blocks, options);
  const config = seedConfig(folder, layers.length, options);
  expectPlace([out, stateBeside(out)], options);
  const { vocabulary, blank } = folder.config;
  const built = declareModel(config, vocabulary, { lossScaled: false, blank });
  const weights = openWeights(path);
  try {
    expectNoInput(
      [out, stateBeside(out)],
      [...Object.keys(folder.files).map((name) => join(path, name)), ...weights.files, ...(keep ? [keep.by] : [])],
    );
    const matched = matchWeights(weights.tensors, folder);
    const hasMaskVector = matched.tensors.has(`${prefixOf(folder.config)}masked_spec_embed`);
    if (measured) expectMeasuredOn(measured, keep, folder, identifyLayers(folder.config, built.model, matched.tensors));
    writeCheckpoint(out, seedTensors(matched, built.parameters, config.seed, folder, layers), {
      format: "unfold-checkpoint/1",
      config: plainConfig(config),
      units: folder.units?.toJSON() ?? null,
      cmvn: null,
      step: 0,
      seconds: 0,
      sampler: { epoch: 0, batch: 0 },
      best: null,
      huggingFace: {
        files: folder.files,
        spelling: matched.spelling,
        layers,
        maskVector: hasMaskVector || folder.masking !== null,
        kept: Object.fromEntries(keptOf(matched, folder, layers)),
      },
    });
    const counts = countParameters(built);
    const schedule = scheduleOf(config, config.unfold.depths.at(-1) as number);
    const stored = ({ whole, encoder }: ModelSize): ModelSize => ({
      whole: matched.hasHead ? whole : encoder,
      encoder,
    });
    return {
      config,
      originalLayers: folder.config.blocks,
      layers,
      schedule,
      parameters: stored(counts),
      untied: stored(untiedParameters(counts, layers.length, schedule)),
      units: folder.units,
      hasHead: matched.hasHead,
      drawsMaskVector: !hasMaskVector && folder.masking !== null,
      leftOut: matched.leftOut,
      missingDropouts: folder.missingDropouts,
      bytes: statSync(out).size,
    };
  } finally {
    weights.close();
  }
}

/**
 * For each parameter and buffer of the seed: the tensor of the layer that initialises it, or its usual initial values.
 */
function seedTensors(
  { tensors, hasHead }: MatchedWeights,
  parameters: Parameters,
  seed: number,
  { path, config }: ModelFolder,
  layers: readonly number[],
): Map<string, SafeTensor> {
  const named = [...parameters.savedShapes].flatMap(([name, shape]): [string, SafeTensor][] => {
    const block = layerOf(name, config);
    const original = block === undefined ? name : inLayer(name, layers[block] as number, config);
    const found = tensors.get(original);
    if (found) return [[name, checkedOnReading(found, `the weights in ${path}: ${original}`)]];
    if (name.startsWith("lm_head.") && !hasHead) return []; // initialised by the run that starts from the seed
    return [[name, { dtype: "F32", shape, values: parameters.initialValues(name, seed) }]];
  });
  return new Map(named);
}

function* keptOf(
  { kept }: MatchedWeights,
  { config }: ModelFolder,
  layers: readonly number[],
): Generator<[string, ReturnType<typeof packTensor>]> {
  for (const [name, tensor] of kept) {
    const layer = layerOf(name, config);
    if (layer === undefined) yield [name, packTensor(tensor)];
    for (const [block, original] of layers.entries())
      if (original === layer) yield [inLayer(name, block, config), packTensor(tensor)];
  }
}

/** The same tensor, which throws on reading values that are not finite. */
function checkedOnReading(tensor: SafeTensor, name: string): SafeTensor {
  const { dtype, shape } = tensor;
  return {
    dtype,
    shape,
    get values() {
      const { values } = tensor;
      if (!allFinite(values, dtype)) throw new UserError(`${name} contains values that are not finite`);
      return values;
    },
  } as SafeTensor;
}
