import { statSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { RunError, UserError } from "../engine/errors.ts";
import type { Parameters } from "../engine/parameters.ts";
import type { UnitsJson } from "../model/units/units.ts";
import { writeAtomically, writePiecesAtomically } from "./atomic_file.ts";
import type { Silence } from "./collapse.ts";
import type { Patience } from "./early_stop.ts";
import type { Scored } from "./kept_checkpoints.ts";
import type { DevRecord, StepRecord } from "./log_records.ts";
import type { MetricsRow } from "./metrics_ring.ts";
import type { SamplerState } from "./data/sampler.ts";
import type { HuggingFaceState } from "./hugging_face/state.ts";
import { expectTensors } from "./expect_tensors.ts";
import { toFloat32 } from "./half_precision.ts";
import { safetensorsPieces, type NamedTensors, type SafeTensor } from "./safetensors.ts";
import { openSafetensors, type SafetensorsFile } from "./safetensors_file.ts";
import { bytesOf, layOut } from "./safetensors_header.ts";

export { writeAtomically } from "./atomic_file.ts";

/** Everything about a model and its training that is not a tensor. Random numbers are functions of the seed and the step. */
export interface CheckpointState {
  readonly format: "unfold-checkpoint/1";
  /** As `plainConfig` writes it. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Null of a pretrained encoder without a CTC head, which a run can start from. */
  readonly units: UnitsJson | null;
  /** As `serialiseCmvn` writes it; null where the front end takes none. */
  readonly cmvn: unknown;
  /** Optimiser steps done. */
  readonly step: number;
  /** Time spent training so far. */
  readonly seconds: number;
  /** The batch that comes next. */
  readonly sampler: SamplerState;
  /** Lowest WER of the deepest path on dev so far. */
  readonly best: Scored | null;
  /** The next best that are kept. */
  readonly nextBest?: readonly Scored[] | undefined;
  /** Of early stop. */
  readonly patience?: Patience | undefined;
  /** Of the alarm on collapse. */
  readonly silence?: Silence | undefined;
  /** The last numbers that were logged, for a reader. */
  readonly metrics?: Metrics | undefined;
  /** Of a mean of checkpoints: their steps. */
  readonly averageOf?: readonly number[] | undefined;
  /** What was measured since the last record of the log, which the next record is the mean of. */
  readonly unlogged?: readonly MetricsRow[] | undefined;
  /** Of a run that began with a Hugging Face model: what an export in that layout needs besides the weights. */
  readonly huggingFace?: HuggingFaceState | undefined;
  /** Digest of the utterances trained on, since the sampler's state means nothing for others. */
  readonly trainingSet?: string | undefined;
}

export interface Metrics {
  readonly train?: Pick<StepRecord, "step" | "loss" | "ctc">;
  /** Error rates and CTC loss at each depth. */
  readonly dev?: Pick<DevRecord, "step" | "wer" | "cer" | "blankRatio" | "loss">;
}

export interface Checkpoint {
  readonly path: string;
  readonly state: CheckpointState;
  /** By parameter name; moments as `first_moment/<name>` and `second_moment/<name>`. */
  readonly tensors: ReadonlyMap<string, SafeTensor>;
}

/** A checkpoint whose tensors are read from its file whenever their values are asked for, until it is closed. */
export interface OpenCheckpoint extends Checkpoint {
  close(): void;
}

const MOMENTS = { firstMoment: "first_moment", secondMoment: "second_moment" } as const;

/**
 * Writes one `.safetensors` file that holds all of it (the state as JSON in its header), and beside it the state as
 * readable JSON. The file is complete or not there: it is written under another name, flushed and renamed, so that what
 * was there before survives a full disk and a kill at any moment.
 *
 * @param moments also the optimiser's moments, which resuming needs and decoding does not
 * @param finite  false to write weights as well that are no finite numbers, for somebody who wants to look at them
 * @throws RunError if the file cannot be written, or naming the weights that are not finite
 */
export async function saveCheckpoint(
  path: string,
  parameters: Parameters,
  state: CheckpointState,
  { moments, finite = true }: { moments: boolean; finite?: boolean },
): Promise<void> {
  const stored = new Map(
    storedTensors(parameters, { moments }).map(({ key, ...where }) => [key, { ...where, dtype: "F32" as const }]),
  );
  const { bytes, entries } = layOut(stored, stateMetadata(state));
  async function* pieces(): AsyncGenerator<Uint8Array> {
    yield bytes;
    for (const entry of entries) {
      const { name, flat } = stored.get(entry.name) as Omit<StoredTensor, "key">;
      const values = await parameters.readOne(name, flat);
      const bad = finite && flat === "values" ? values.find((value) => !Number.isFinite(value)) : undefined;
      if (bad !== undefined)
        throw new RunError(
          `the weights ${name} hold ${bad} after step ${state.step}, so ${path} is not written; the one before, if any, is untouched`,
        );
      yield bytesOf(entry, values);
    }
  }
  await writePiecesAtomically(path, pieces());
  writeStateBeside(path, state);
}

/** A parameter's or buffer's values, or a parameter's moment, and what a checkpoint calls it. */
interface StoredTensor {
  readonly key: string;
  readonly name: string;
  readonly shape: readonly number[];
  readonly flat: "values" | keyof typeof MOMENTS;
}

/** What a checkpoint of a model holds. Parameters that are not trained have no moments. */
function storedTensors(parameters: Parameters, { moments }: { moments: boolean }): StoredTensor[] {
  const flats = moments ? (Object.entries(MOMENTS) as [keyof typeof MOMENTS, string][]) : [];
  const trained = parameters.all.filter(({ frozen }) => !frozen);
  return [
    ...[...parameters.savedShapes].map(([name, shape]) => ({ key: name, name, shape, flat: "values" as const })),
    ...flats.flatMap(([flat, prefix]) =>
      trained.map(({ name, fileShape: shape }) => ({ key: `${prefix}/${name}`, name, shape, flat })),
    ),
  ];
}

/** The same of tensors on the host or in an open file, one of which is in memory at a time. */
export function writeCheckpoint(path: string, tensors: NamedTensors, state: CheckpointState): void {
  writeAtomically(path, safetensorsPieces(tensors, stateMetadata(state)));
  writeStateBeside(path, state);
}

const stateMetadata = (state: CheckpointState): Record<string, string> => ({ unfold: JSON.stringify(state) });

/** Where a checkpoint's state is as readable JSON. */
export const stateBeside = (path: string): string => path.replace(/\.safetensors$/, ".json");

/** Writes the readable JSON beside a checkpoint. */
export function writeStateBeside(path: string, state: CheckpointState): void {
  writeAtomically(stateBeside(path), Buffer.from(`${JSON.stringify(state, null, 2)}\n`));
}

const rateSchema = z
  .number()
  .nullable()
  .transform((rate) => rate ?? Infinity); // JSON has no infinity, which is the rate where dev has no words
const scoredSchema = z.object({ wer: rateSchema, cer: rateSchema.optional(), step: z.int().min(0) });

const stateSchema = z.looseObject({
  format: z.literal("unfold-checkpoint/1"),
  config: z.looseObject({ model: z.looseObject({}), unfold: z.looseObject({}) }),
  units: z.looseObject({ blank: z.int().min(0) }).nullable(), // unitsFromJSON reads the rest
  cmvn: z.looseObject({}).nullable(),
  step: z.int().min(0),
  seconds: z.number().min(0),
  sampler: z.looseObject({ epoch: z.int().min(0), batch: z.int().min(0) }),
  best: scoredSchema.nullable(),
  nextBest: z.array(scoredSchema).optional(),
  patience: z.object({ lowest: z.number().nullable(), evaluations: z.int() }).optional(),
  silence: z.record(z.string(), z.int()).optional(),
  metrics: z.looseObject({}).optional(),
  averageOf: z.array(z.int()).optional(),
  unlogged: z.array(z.record(z.string(), z.number())).optional(),
  trainingSet: z.string().optional(),
  huggingFace: z.looseObject({}).optional(), // parseHuggingFaceState reads the rest
});

/**
 * Opens a checkpoint file, or a run folder's `best.safetensors`: reads its state and checks its header; close it once its tensors
 * are no longer needed. Throws a UserError in one sentence for anything else.
 */
export function loadCheckpoint(given: string): OpenCheckpoint {
  const path = checkpointFile(given);
  let file: SafetensorsFile;
  try {
    file = openSafetensors(path);
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(
      `the checkpoint ${path} cannot be read: ${(error as NodeJS.ErrnoException).code === "ENOENT" ? "there is no such file" : (error as Error).message}`,
    );
  }
  const { tensors, metadata, close } = file;
  try {
    return { path, state: parseState(metadata.unfold, path), tensors, close };
  } catch (error) {
    close();
    throw error;
  }
}

/** The state of a checkpoint alone. Throws as `loadCheckpoint` does. */
export function loadState(given: string): CheckpointState {
  const { state, close } = loadCheckpoint(given);
  close();
  return state;
}

function parseState(json: string | undefined, path: string): CheckpointState {
  if (json === undefined)
    throw new UserError(
      `${path} is a safetensors file, but not a checkpoint of unfold: its header has no 'unfold' entry`,
    );
  const state = stateSchema.safeParse(parseJson(json));
  if (!state.success)
    throw new UserError(
      `${path}: the checkpoint's header is not one of unfold: ${state.error.issues[0]?.path.join(".")}: ${state.error.issues[0]?.message}`,
    );
  return state.data as unknown as CheckpointState;
}

/**
 * Copies a checkpoint's tensors into a model of the same shape, one at a time.
 *
 * @param moments the optimiser's moments as well
 * @throws UserError, before anything is copied, that names the tensors which are missing or of another shape or type
 */
export function restoreParameters(
  checkpoint: Checkpoint,
  parameters: Parameters,
  { moments }: { moments: boolean },
): void {
  const { path, tensors } = checkpoint;
  if (moments && ![...tensors.keys()].some((name) => name.startsWith(MOMENTS.firstMoment)))
    throw new UserError(`${path} holds no optimiser state: resume from last.safetensors`);
  const stored = storedTensors(parameters, { moments });
  const found = expectTensors(
    checkpoint,
    stored.map(({ key, shape }) => [key, shape]),
  );
  for (const { key, name, flat } of stored) parameters.write(name, toFloat32(found.get(key) as SafeTensor), flat);
  parameters.roundToHalf();
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The file that is meant by a checkpoint's file or a run's folder. */
export const checkpointFile = (given: string): string => (isFolder(given) ? join(given, "best.safetensors") : given);

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
