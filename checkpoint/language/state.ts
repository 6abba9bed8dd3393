import * as z from "zod";
import { UserError } from "../../engine/errors.ts";
import type { UnitsJson } from "../../model/units/units.ts";
import { isSection } from "../../config/camel_case.ts";
import { headerOf, LANGUAGE_MODEL_FORMAT, parseHeader, progressShape, type Progress } from "../state.ts";

/** A checkpoint kept for its perplexity on dev, per unit. */
export interface ScoredLanguageModel {
  readonly perplexity: number;
  readonly step: number;
}

/** Everything about a language model and its training that is not a tensor; the fields are those of a recogniser's. */
export interface LanguageModelState extends Progress {
  readonly format: typeof LANGUAGE_MODEL_FORMAT;
  /** As `plainLanguageModelConfig` writes it. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly units: UnitsJson;
  /** Lowest dev perplexity so far. */
  readonly best: ScoredLanguageModel | null;
  readonly nextBest?: readonly ScoredLanguageModel[] | undefined;
  /** Digest of the training sentences. */
  readonly trainingSet: string;
}

const scoredSchema = z.object({
  perplexity: z
    .number()
    .nullable()
    .transform((value) => value ?? Infinity), // JSON has no infinity
  step: z.int().min(0),
});

const stateSchema = z.looseObject({
  format: z.literal(LANGUAGE_MODEL_FORMAT),
  config: z.looseObject({ model: z.looseObject({}) }),
  units: z.looseObject({ blank: z.int().min(0) }), // unitsFromJSON reads the rest
  ...progressShape,
  best: scoredSchema.nullable(),
  nextBest: z.array(scoredSchema).optional(),
  trainingSet: z.string(),
});

/** Parses a language model's state from its checkpoint's header. Throws UserError if it is invalid, or a recogniser's. */
export function parseLanguageModelState(json: string | undefined, path: string): LanguageModelState {
  const state = headerOf(json, path);
  if (isSection(state) && state["format"] === "unfold-checkpoint/1")
    throw new UserError(
      `${path} is a speech recogniser, but a language model is expected here: unfold lm train makes one`,
    );
  return parseHeader(stateSchema, state, path) as unknown as LanguageModelState;
}

/** Whether a checkpoint's header is a language model's. */
export function isLanguageModel(json: string | undefined, path: string): boolean {
  const state = headerOf(json, path);
  return isSection(state) && state["format"] === LANGUAGE_MODEL_FORMAT;
}
