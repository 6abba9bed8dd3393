import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { RunError, UserError } from "../engine/errors.ts";
import type { Parameters } from "../engine/parameters.ts";
import { showShape } from "../engine/shape.ts";
import type { UnitsJson } from "../model/units/units.ts";
import { writeAtomically } from "./atomic_file.ts";
import type { Silence } from "./collapse.ts";
import type { Patience } from "./early_stop.ts";
import type { Scored } from "./kept_checkpoints.ts";
import type { DevRecord, StepRecord } from "./log_records.ts";
import type { MetricsRow } from "./metrics_ring.ts";
import type { SamplerState } from "./data/sampler.ts";
import { isFloat, toFloat32 } from "./half_precision.ts";
import { firstNotFiniteTensor } from "./not_finite.ts";
import { parseSafetensors, serialiseSafetensors, type SafeTensor } from "./safetensors.ts";

export { writeAtomically } from "./atomic_file.ts";

/** Everything about a model and its training that is not a tensor. Random numbers are functions of the seed and the step. */
export interface CheckpointState {
  readonly format: "unfold-checkpoint/1";
  /** As `plainConfig` writes it. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly units: UnitsJson;
  /** As `serialiseCmvn` writes it. */
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
export async function saveCheckpoint(path: string, parameters: Parameters, state: CheckpointState, { moments, finite = true }: { moments: boolean; finite?: boolean }): Promise<void> {
  const tensors: Record<string, SafeTensor> = {};
  const add = async (flat: "values" | keyof typeof MOMENTS, prefix: string): Promise<void> => {
    const flatValues = await parameters.read(flat);
    const bad = finite && flat === "values" ? firstNotFiniteTensor(flatValues) : undefined;
    if (bad) throw new RunError(`the weights ${bad.name} hold ${bad.value} after step ${state.step}, so ${path} is not written; the one before, if any, is untouched`);
    for (const [name, { shape, values }] of flatValues) tensors[prefix + name] = { dtype: "F32", shape, values: values as Float32Array<ArrayBuffer> };
  };
  await add("values", "");
  if (moments) for (const [flat, prefix] of Object.entries(MOMENTS)) await add(flat as keyof typeof MOMENTS, `${prefix}/`);
  writeCheckpoint(path, tensors, state);
}

/** The same of tensors on the host. */
export function writeCheckpoint(path: string, tensors: Readonly<Record<string, SafeTensor>>, state: CheckpointState): void {
  writeAtomically(path, serialiseSafetensors(tensors, { unfold: JSON.stringify(state) }));
  writeStateBeside(path, state);
}

/** Where a checkpoint's state is as readable JSON. */
export const stateBeside = (path: string): string => path.replace(/\.safetensors$/, ".json");

/** Writes the readable JSON beside a checkpoint. */
export function writeStateBeside(path: string, state: CheckpointState): void {
  writeAtomically(stateBeside(path), Buffer.from(`${JSON.stringify(state, null, 2)}\n`));
}

const rateSchema = z.number().nullable().transform((rate) => rate ?? Infinity); // JSON has no infinity, which is the rate where dev has no words
const scoredSchema = z.object({ wer: rateSchema, cer: rateSchema.optional(), step: z.int().min(0) });

const stateSchema = z.looseObject({
  format: z.literal("unfold-checkpoint/1"),
  config: z.looseObject({ model: z.looseObject({}), unfold: z.looseObject({}) }),
  units: z.looseObject({ blank: z.literal(0) }), // unitsFromJSON reads the rest
  cmvn: z.looseObject({}),
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
});

/** Reads a checkpoint file, or a run folder's `best.safetensors`. Throws a UserError in one sentence for anything else. */
export function loadCheckpoint(given: string): Checkpoint {
  const path = isFolder(given) ? join(given, "best.safetensors") : given;
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw new UserError(`the checkpoint ${path} cannot be read: ${(error as NodeJS.ErrnoException).code === "ENOENT" ? "there is no such file" : (error as Error).message}`);
  }
  const { tensors, metadata } = parseSafetensors(bytes, path);
  const json = metadata.unfold;
  if (json === undefined) throw new UserError(`${path} is a safetensors file, but not a checkpoint of unfold: its header has no 'unfold' entry`);
  const state = stateSchema.safeParse(parseJson(json));
  if (!state.success) throw new UserError(`${path}: the checkpoint's header is not one of unfold: ${state.error.issues[0]?.path.join(".")}: ${state.error.issues[0]?.message}`);
  return { path, state: state.data as unknown as CheckpointState, tensors };
}

/**
 * Copies a checkpoint's tensors into a model of the same shape.
 *
 * @param moments the optimiser's moments as well
 * @throws UserError, before anything is copied, that names the tensors which are missing or of another shape
 */
export function restoreParameters(checkpoint: Checkpoint, parameters: Parameters, { moments }: { moments: boolean }): void {
  const { path, tensors } = checkpoint;
  if (moments && ![...tensors.keys()].some((name) => name.startsWith(MOMENTS.firstMoment))) throw new UserError(`${path} holds no optimiser state: resume from last.safetensors`);
  const trained = parameters.all.map(({ name, fileShape }) => ({ name, shape: fileShape }));
  const flats = moments ? (Object.entries(MOMENTS) as [keyof typeof MOMENTS, string][]) : [];
  const expected = [
    ...trained.map(({ name, shape }) => ({ key: name, name, shape, flat: "values" as const })),
    ...parameters.buffers.map(({ name, tensor: { shape } }) => ({ key: name, name, shape, flat: "values" as const })),
    ...flats.flatMap(([flat, prefix]) => trained.map(({ name, shape }) => ({ key: `${prefix}/${name}`, name, shape, flat }))),
  ];
  const faults = expected.flatMap(({ key, shape }) => {
    const found = tensors.get(key);
    if (!found) return [`${key} is missing`];
    if (!isFloat(found)) return [`${key} has type ${found.dtype}, expected a floating-point one`];
    return showShape(found.shape) === showShape(shape) ? [] : [`${key} is ${showShape(found.shape)}, expected ${showShape(shape)}`];
  });
  if (faults.length > 0) throw new UserError(`${path} does not fit the model of its config: ${faults.slice(0, 5).join("; ")}${faults.length > 5 ? `; and ${faults.length - 5} more` : ""}`);
  for (const { key, name, flat } of expected) parameters.write(name, toFloat32(tensors.get(key) as SafeTensor), flat);
  parameters.roundToHalf();
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
