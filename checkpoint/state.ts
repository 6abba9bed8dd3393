import * as z from "zod";
import { UserError } from "../engine/errors.ts";
import { isSection } from "../config/camel_case.ts";
import type { UnitsJson } from "../model/units/units.ts";
import type { HuggingFaceState } from "./hugging_face/state.ts";

/** A number per depth. JSON keys are strings, so a depth is written `"6"`. */
export type PerDepth = Record<string, number>;

/** A checkpoint kept for its dev WER. Those of older runs have no CER. */
export interface Scored {
  readonly wer: number;
  readonly cer?: number | undefined;
  readonly step: number;
}

/** For early stopping: how long the dev WER has not improved. */
export interface Patience {
  /** The lowest WER that counted; null before the first evaluation, or if infinite, since JSON has no infinity. */
  readonly lowest: number | null;
  /** Evaluations since then. */
  readonly evaluations: number;
}

/**
 * For collapse detection: the number of consecutive evaluations in which each depth, keyed as a string, has output
 * nothing.
 */
export type Silence = Readonly<Record<string, number>>;

/** The available metrics of one batch, by name. */
export type MetricsRow = Readonly<Record<string, number>>;

/** The last logged metrics. */
export interface Metrics {
  readonly train?: { readonly step: number; readonly loss: number; readonly ctc: PerDepth };
  /** Error rates, ratio of blank frames and CTC loss at each depth. */
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

/** How far a training run is, whatever it trains. */
export interface Progress {
  /** Optimiser steps done. */
  readonly step: number;
  /** Time spent training so far. */
  readonly seconds: number;
  /** The batch that comes next. */
  readonly sampler: SamplerPosition;
  /** Processes that train it together; undefined for one. */
  readonly ranks?: number | undefined;
  /** For early stopping. */
  readonly patience?: Patience | undefined;
  /** Metrics since the last log record; the next record is their mean. */
  readonly unlogged?: readonly MetricsRow[] | undefined;
}

/** The fields of `Progress`, for the schemas of states. */
export const progressShape = {
  step: z.int().min(0),
  seconds: z.number().min(0),
  sampler: z.looseObject({ epoch: z.int().min(0), batch: z.int().min(0) }),
  ranks: z.int().min(1).optional(),
  patience: z.object({ lowest: z.number().nullable(), evaluations: z.int() }).optional(),
  unlogged: z.array(z.record(z.string(), z.number())).optional(),
};

/**
 * Everything about a model and its training that is not a tensor. Random numbers are functions of the seed and the
 * step.
 */
export interface CheckpointState extends Progress {
  readonly format: "unfold-checkpoint/1";
  /** As `plainConfig` writes it. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Null for a pretrained encoder without a CTC head, which a run can start from. */
  readonly units: UnitsJson | null;
  /** As `serialiseCmvn` writes it; null if the front end uses none. */
  readonly cmvn: unknown;
  /** Lowest dev WER of the deepest path so far. */
  readonly best: Scored | null;
  /** The next best checkpoints kept. */
  readonly nextBest?: readonly Scored[] | undefined;
  /** For collapse detection. */
  readonly silence?: Silence | undefined;
  /** The last logged metrics, for human readers. */
  readonly metrics?: Metrics | undefined;
  /** For an average of checkpoints: their steps. */
  readonly averageOf?: readonly number[] | undefined;
  /** For a run started from a Hugging Face model: what an export in that layout needs besides the weights. */
  readonly huggingFace?: HuggingFaceState | undefined;
  /** Digest of the training utterances: the sampler's state is meaningless for any others. */
  readonly trainingSet?: string | undefined;
}

const rateSchema = z
  .number()
  .nullable()
  .transform((rate) => rate ?? Infinity); // JSON has no infinity, the rate of a dev set without words
const scoredSchema = z.object({ wer: rateSchema, cer: rateSchema.optional(), step: z.int().min(0) });

const stateSchema = z.looseObject({
  format: z.literal("unfold-checkpoint/1"),
  config: z.looseObject({ model: z.looseObject({}), unfold: z.looseObject({}) }),
  units: z.looseObject({ blank: z.int().min(0) }).nullable(), // unitsFromJSON reads the rest
  cmvn: z.looseObject({}).nullable(),
  ...progressShape,
  best: scoredSchema.nullable(),
  nextBest: z.array(scoredSchema).optional(),
  silence: z.record(z.string(), z.int()).optional(),
  metrics: z.looseObject({}).optional(),
  averageOf: z.array(z.int()).optional(),
  trainingSet: z.string().optional(),
  huggingFace: z.looseObject({}).optional(), // parseHuggingFaceState reads the rest
});

/** The `format` of a language model's checkpoint. */
export const LANGUAGE_MODEL_FORMAT = "unfold-language-model/1";

/** Parses a recogniser's state from its checkpoint's header. Throws UserError if it is invalid, or a language model's. */
export function parseState(json: string | undefined, path: string): CheckpointState {
  const state = headerOf(json, path);
  if (isSection(state) && state["format"] === LANGUAGE_MODEL_FORMAT)
    throw new UserError(`${path} is a language model, but a speech recogniser is expected here`);
  return parseHeader(stateSchema, state, path) as unknown as CheckpointState;
}

/** A checkpoint's state before it is checked. Throws UserError if the file is not an unfold checkpoint. */
export function headerOf(json: string | undefined, path: string): unknown {
  if (json === undefined)
    throw new UserError(
      `${path} is a safetensors file, but not an unfold checkpoint: its header has no 'unfold' entry`,
    );
  return parseJson(json);
}

/** Checks a state. Throws UserError if it is invalid. */
export function parseHeader<Schema extends z.ZodType>(schema: Schema, header: unknown, path: string): z.output<Schema> {
  const state = schema.safeParse(header);
  if (!state.success)
    throw new UserError(
      `${path}: the checkpoint's header is not a valid unfold header: ${state.error.issues[0]?.path.join(".")}: ${state.error.issues[0]?.message}`,
    );
  return state.data;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
