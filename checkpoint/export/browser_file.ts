import { statSync } from "node:fs";
import { basename, isAbsolute } from "node:path";
import { UserError } from "../../engine/errors.ts";
import { numberToHalf } from "../../engine/half.ts";
import { countParameters } from "../../model/parameter_counts.ts";
import { unitsFromJSON } from "../../model/units/restore.ts";
import type { TrainConfig } from "../../config/config.ts";
import { restoreCmvn } from "../../config/front_end.ts";
import { writeAtomically } from "../../data/files/atomic_file.ts";
import { expectNoInput, expectPlace } from "../../data/files/output_place.ts";
import { declareModel } from "../build_model.ts";
import { expectHead, type Checkpoint, type CheckpointState } from "../checkpoint.ts";
import { expectTensors } from "../safetensors/expect_tensors.ts";
import { toFloat32 } from "../safetensors/half_precision.ts";
import { bytesIn, layOut, type SafeTensor } from "../safetensors/header.ts";
import { safetensorsPieces } from "../safetensors/safetensors.ts";

/** How a file for the web page stores weights. */
export const weightTypes = ["f16", "f32"] as const;
export type WeightType = (typeof weightTypes)[number];

export interface BrowserFileOptions {
  readonly weights: WeightType;
  /** Most bytes that the file may have; undefined: any number. */
  readonly budget?: number | undefined;
  /** Whether to overwrite an existing file; the checkpoint itself is never overwritten. */
  readonly force: boolean;
}

/** What was written. */
export interface BrowserFile {
  readonly blocks: number;
  /** Number of trainable values. */
  readonly parameters: number;
  /** Size of the file. */
  readonly bytes: number;
}

/**
 * Writes a whole seed, which the web page unfolds to any depth, to one file: a checkpoint without optimiser moments, the state that
 * only training needs, and the folders of the machine that trained it. Running statistics stay f32: they are few, and small variances
 * would be lost in f16. The file is either complete or absent.
 *
 * @throws UserError if the file exists, would be larger than the budget, or a weight has no f16 value, naming its tensor; or if the
 *   checkpoint is damaged or has no output layer
 */
export function exportForBrowser(
  checkpoint: Checkpoint,
  config: TrainConfig,
  out: string,
  { weights, budget, force }: BrowserFileOptions,
): BrowserFile {
  if (!out.endsWith(".safetensors"))
    throw new UserError(`--browser: expected a name that ends in .safetensors, got '${out}'`);
  expectPlace([out], { force });
  expectNoInput([out], [checkpoint.path]);
  const { path, state } = checkpoint;
  const units = unitsFromJSON(state.units, path);
  restoreCmvn(state.cmvn, config, path); // throws if it is invalid
  const built = declareModel(config, units.size, { lossScaled: false, blank: units.blank });
  expectHead(checkpoint, built);
  const { parameters } = built;
  const found = expectTensors(checkpoint, parameters.savedShapes);
  const metadata = { unfold: JSON.stringify(stateForBrowser(state)) };
  const trainable = new Set(parameters.all.map(({ name }) => name));
  const stored = (type: WeightType): Map<string, SafeTensor> =>
    new Map([...found].map(([name, tensor]) => [name, storedAs(type, name, tensor, trainable.has(name), path)]));
  const sizes = { f32: sizeOf(stored("f32"), metadata), f16: sizeOf(stored("f16"), metadata) };
  const counts = countParameters(built);
  const { blocks } = built.model.config;
  if (budget !== undefined && sizes[weights] > budget)
    throw new UserError(overBudget(out, sizes, weights, budget, { blocks, ofBlock: counts.block }));
  writeAtomically(out, safetensorsPieces(stored(weights), metadata));
  return { blocks, parameters: counts.whole, bytes: statSync(out).size };
}

/** A tensor as the file holds it; its values are read, and converted, when they are asked for. */
function storedAs(type: WeightType, name: string, tensor: SafeTensor, trainable: boolean, path: string): SafeTensor {
  const half = type === "f16" && trainable;
  return {
    dtype: half ? "F16" : "F32",
    shape: tensor.shape,
    get values() {
      const values = toFloat32(tensor);
      return half ? toHalf(name, values, path) : values;
    },
  } as SafeTensor;
}

const LARGEST_HALF = 65504;

function toHalf(name: string, values: Float32Array, path: string): Uint16Array {
  const bits = new Uint16Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    const half = numberToHalf(value);
    if (!Number.isFinite(value))
      throw new UserError(`${path}: the weights ${name} contain ${value}, so they cannot be exported in f16`);
    if ((half & 0x7c00) === 0x7c00)
      throw new UserError(
        `${path}: the weights ${name} contain ${value}, but f16 holds at most ${LARGEST_HALF}: export with --weights f32`,
      );
    bits[i] = half;
  }
  return bits;
}

function sizeOf(tensors: ReadonlyMap<string, SafeTensor>, metadata: Readonly<Record<string, string>>): number {
  const { bytes, entries } = layOut(tensors, metadata);
  return bytes.length + entries.reduce((sum, entry) => sum + bytesIn(entry), 0);
}

/** One sentence: how large the file would be, and what would fit. */
function overBudget(
  out: string,
  { f32, f16 }: Readonly<Record<WeightType, number>>,
  weights: WeightType,
  budget: number,
  { blocks, ofBlock }: { readonly blocks: number; readonly ofBlock: number },
): string {
  const fitting = Math.floor(blocks - (f16 - budget) / (2 * ofBlock));
  const advice =
    weights === "f32" && f16 <= budget
      ? "--weights f16 would fit"
      : fitting >= 1
        ? `a seed of ${fitting} ${fitting === 1 ? "block" : "blocks"} of this size would fit in f16, and this one has ${blocks}`
        : "not even one block of this size would fit in f16";
  return `${out} would have ${megabytes(f32)} in f32 and ${megabytes(f16)} in f16, but --budget allows ${megabytes(budget)}: ${advice}`;
}

/** Rounded up, so that the size as a budget would do. */
const megabytes = (bytes: number): string => `${Math.ceil(bytes / 1e4) / 100} MB`;

/** Without what only a run needs, and of paths only the names of files. */
function stateForBrowser(state: CheckpointState): CheckpointState {
  const { format, config, units, cmvn, step, seconds, sampler, best, averageOf } = state;
  const named = withoutFolders(config) as CheckpointState["config"];
  return { format, config: named, units, cmvn, step, seconds, sampler, best, ...(averageOf && { averageOf }) };
}

function withoutFolders(value: unknown): unknown {
  if (typeof value === "string") return isAbsolute(value) ? basename(value) : value;
  if (Array.isArray(value)) return value.map(withoutFolders);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withoutFolders(inner)]));
}
