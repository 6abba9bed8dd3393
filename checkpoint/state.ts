import * as z from "zod";
import { UserError } from "../engine/errors.ts";
import type { UnitsJson } from "../model/units/units.ts";
import type { HuggingFaceState } from "./hugging_face/state.ts";

/** A number for each depth; JSON has strings as keys, so a depth is written `"6"`. */
export type PerDepth = Record<string, number>;

/** A checkpoint that is kept for its WER on dev. Those of older runs do not say their CER. */
export interface Scored {
  readonly wer: number;
  readonly cer?: number | undefined;
  readonly step: number;
}

/** For early stop: how long the dev WER has not fallen. */
export interface Patience {
  /** The lowest WER that counted; null before the first evaluation. JSON has no infinity, so that becomes null as well. */
  readonly lowest: number | null;
  /** Evaluations since then. */
  readonly evaluations: number;
}

/** For the alarm on collapse: for how many evaluations in a row each depth, written as a string, has said nothing. */
export type Silence = Readonly<Record<string, number>>;

/** The numbers of one batch by name, as far as it has them. */
export type MetricsRow = Readonly<Record<string, number>>;

/** The last numbers that were logged. */
export interface Metrics {
  readonly train?: { readonly step: number; readonly loss: number; readonly ctc: PerDepth };
  /** Error rates, share of blank frames and CTC loss at each depth. */
  readonly dev?: {
    readonly step: number;
    readonly wer: PerDepth;
    readonly cer: PerDepth;
    readonly blankRatio: PerDepth | number;
    readonly loss?: PerDepth;
  };
}

/** The batch that comes next. */
export interface SamplerPosition {
  readonly epoch: number;
  readonly batch: number;
}

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
  readonly sampler: SamplerPosition;
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

/** Reads a checkpoint's state from its header. Throws UserError if it is none. */
export function parseState(json: string | undefined, path: string): CheckpointState {
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

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
