import { existsSync, mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { RunError, UserError } from "../../engine/errors.ts";
import type { DepthSchedule } from "../../model/unfold.ts";
import { unitsFromJSON } from "../../model/units/restore.ts";
import type { Wav2Vec2Config } from "../../model/wav2vec2/config.ts";
import { prefixOf } from "../../model/wav2vec2/names.ts";
import { writeAtomically } from "../../data/files/atomic_file.ts";
import { declareModel } from "../build_model.ts";
import { scheduleOf } from "../../config/depths.ts";
import type { Checkpoint } from "../checkpoint.ts";
import { restoreConfig } from "../../config/config.ts";
import { expectTensors } from "../safetensors/expect_tensors.ts";
import { expectNoInput, expectPlace } from "../../data/files/output_place.ts";
import { safetensorsPieces, type SafeTensor } from "../safetensors/safetensors.ts";
import { parseModelConfig } from "./config_json.ts";
import { folderFiles, type FolderContent } from "./folder_files.ts";
import { fileName, inLayer, layerOf, type Spelling } from "./spelling.ts";
import { parseHuggingFaceState, unpackTensor } from "./state.ts";

const WEIGHTS = "model.safetensors";

/** Files that would be read instead of the written ones, or contradict them. */
const STALE = [
  "model.safetensors.index.json",
  "processor_config.json",
  "special_tokens_map.json",
  "added_tokens.json",
  "tokenizer_config.json",
  "vocab.json",
];

/** Summary of an export. */
export interface ExportedFolder {
  /** For each layer, the physical block that its weights come from. */
  readonly schedule: DepthSchedule;
  /** Number of values in the folder's weights, without buffers. */
  readonly parameters: number;
  /** The same in the checkpoint, which stores a block that runs several times once. */
  readonly stored: number;
  /** Size of the weights. */
  readonly bytes: number;
}

/**
 * Writes a checkpoint as a folder for Hugging Face transformers, which has no unfolding: each logical layer of the path
 * becomes a layer with weights of its own. Names, types and text files follow the folder that the model came from, if
 * any. The weights are written first and config.json last, since a folder without it is not a model.
 *
 * @param depth logical depth; undefined exports each physical block once
 * @throws UserError if the model is of another kind, the folder exists, or the checkpoint is inside it or damaged;
 *   RunError if it cannot be written
 */
export function exportFolder(
  checkpoint: Checkpoint,
  out: string,
  { depth, force }: { depth: number | undefined; force: boolean },
): ExportedFolder {
  const { path, state, tensors } = checkpoint;
  const config = restoreConfig(state.config, path);
  if (config.model.kind === "conformer")
    throw new UserError(
      `--format hf is for wav2vec 2.0, HuBERT and wav2vec2-Conformer models, but ${path} is a Conformer of this project: choose safetensors or onnx`,
    );
  if (config.model.kind !== "hubert" && !config.model.projectionNorm)
    throw new UserError(
      `--format hf: model.projection_norm is false, which Hugging Face supports only for hubert, but model.kind is ${config.model.kind}`,
    );
  const schedule =
    depth === undefined ? Array.from({ length: config.model.blocks }, (_, block) => block) : scheduleOf(config, depth);
  const units = state.units === null ? null : unitsFromJSON(state.units, path);
  const origin = state.huggingFace && parseHuggingFaceState(state.huggingFace, path);
  const hasHead = tensors.has("lm_head.weight");
  const model: Wav2Vec2Config = {
    ...config.model,
    inputDim: 1,
    vocabulary: units?.size ?? tensors.get("lm_head.weight")?.shape[0] ?? 2,
    blank: units?.blank ?? 0,
  };
  const { parameters } = declareModel(config, model.vocabulary, { lossScaled: false, blank: model.blank });

  const stored = expectTensors(
    checkpoint,
    [...parameters.savedShapes].filter(([name]) => hasHead || !name.startsWith("lm_head.")),
  );
  const buffers = new Map(
    origin ? Object.entries(origin.kept).map(([name, packed]) => [name, unpackTensor(packed)]) : countersOf(model),
  );
  const content: FolderContent = {
    config,
    model,
    layers: schedule.length,
    units,
    hasHead,
    dtype: dtypeOf(stored.values()),
  };
  const files = folderFiles(content, origin?.files ?? {});
  if (!(origin?.maskVector ?? masksFrames(files))) stored.delete(`${prefixOf(model)}masked_spec_embed`); // as in Hugging Face's own models
  const spelling: Spelling = origin
    ? { ...origin.spelling, prefixed: origin.spelling.prefixed || hasHead }
    : { prefixed: true, weightNorm: "parametrizations" };
  const layered = inLayers(new Map([...buffers, ...stored]), schedule, model);
  const spelt = new Map([...layered].map(([name, tensor]) => [fileName(name, spelling, model), tensor]));

  makeFolder(out, { force });
  const places = [WEIGHTS, ...STALE, ...Object.keys(files)].map((name) => join(out, name));
  expectPlace(places as [string, ...string[]], { force: true }); // makeFolder has checked for existing files
  expectNoInput(places, [path]);
  writeAtomically(join(out, WEIGHTS), safetensorsPieces(spelt, { format: "pt" }));
  for (const name of STALE) if (files[name] === undefined) rmSync(join(out, name), { force: true });
  for (const [name, text] of Object.entries(files)) writeAtomically(join(out, name), Buffer.from(text));
  const trained = new Set(parameters.all.map(({ name }) => name));
  const sum = (of: ReadonlyMap<string, SafeTensor>): number =>
    [...of].reduce(
      (total, [name, { shape }]) =>
        trained.has(inLayer(name, 0, model)) ? total + shape.reduce((size, n) => size * n, 1) : total,
      0,
    );
  return { schedule, parameters: sum(layered), stored: sum(stored), bytes: statSync(join(out, WEIGHTS)).size };
}

/** The tensors of a model whose layer l is block `schedule[l]`. */
function inLayers(
  tensors: ReadonlyMap<string, SafeTensor>,
  schedule: DepthSchedule,
  model: Wav2Vec2Config,
): Map<string, SafeTensor> {
  const named = [...tensors].flatMap(([name, tensor]): [string, SafeTensor][] => {
    const block = layerOf(name, model);
    if (block === undefined) return [[name, tensor]];
    return schedule.flatMap((used, layer) => (used === block ? [[inLayer(name, layer, model), tensor]] : []));
  });
  return new Map(named);
}

/** PyTorch's counters of the batches seen by each batch norm: zero for a model that was never in PyTorch. */
function countersOf(model: Wav2Vec2Config): [string, SafeTensor][] {
  if (model.kind !== "wav2vec2_conformer") return [];
  return Array.from({ length: model.blocks }, (_, block) => [
    `${prefixOf(model)}encoder.layers.${block}.conv_module.batch_norm.num_batches_tracked`,
    { dtype: "I64", shape: [], values: BigInt64Array.of(0n) },
  ]);
}

function dtypeOf(tensors: Iterable<SafeTensor>): FolderContent["dtype"] {
  const types = new Set([...tensors].map(({ dtype }) => dtype));
  const [only] = types;
  return types.size === 1
    ? (
        { F32: "float32", F16: "float16", BF16: "bfloat16" } as Partial<
          Record<SafeTensor["dtype"], FolderContent["dtype"]>
        >
      )[only as SafeTensor["dtype"]]
    : undefined;
}

/** Whether Hugging Face's model has a mask vector. */
function masksFrames(files: Readonly<Record<string, string>>): boolean {
  const config = parseModelConfig(JSON.parse(files["config.json"] as string), "config.json");
  return config.mask_time_prob > 0 || config.mask_feature_prob > 0;
}

function makeFolder(out: string, { force }: { force: boolean }): void {
  const [isThere, isFolder] = [existsSync(out), isDirectory(out)];
  if (out === "") throw new UserError("--out: expected the name of a folder, got ''");
  if (isThere && !isFolder) throw new UserError(`--out: ${out} is a file, expected the name of a folder`);
  if (isFolder && readdirSync(out).length > 0 && !force)
    throw new UserError(`${out} already exists and is not empty: choose another name, or add --force`);
  if (!isDirectory(dirname(out))) throw new UserError(`--out: there is no folder ${dirname(out)}`);
  if (isThere) return;
  try {
    mkdirSync(out);
  } catch (error) {
    throw new RunError(`the folder ${out} cannot be created: ${(error as Error).message}`);
  }
}

const isDirectory = (path: string): boolean => existsSync(path) && statSync(path).isDirectory();
