import type { Device } from "../../engine/device.ts";
import type { FloatType } from "../../engine/tensor.ts";
import type { CtcModel } from "../../model/ctc_model.ts";
import type { BuiltModel } from "../../checkpoint/build_model.ts";
import type { TrainConfig } from "../../config/config.ts";
import type { Batch } from "../../data/batches/batch.ts";
import { masksOfRow } from "../../data/batches/feature_masks.ts";
import { trainingPaths } from "../training_paths.ts";
import { firstNotFiniteInStep, type NonFiniteResult } from "./finite_probe.ts";
import { firstNotFiniteTensor } from "../../checkpoint/safetensors/expect_tensors.ts";
import { trainingStep, uploadBatch } from "../training_step.ts";

/** A batch whose loss or gradient was not finite in training. */
export interface SuspectBatch {
  readonly batch: Batch;
  readonly ids: readonly string[];
  /**
   * Steps completed before it, and its index among the step's accumulated batches: together they select its random
   * numbers.
   */
  readonly step: number;
  readonly part: number;
}

export interface Diagnosis {
  /** The first parameter with a non-finite value. */
  readonly parameter?: { readonly name: string; readonly value: number };
  /** Utterances with non-finite features. */
  readonly features: readonly string[];
  /** The first non-finite result of the batch's forward and backward pass. */
  readonly first?: NonFiniteResult;
  /** Utterances that give a non-finite result on their own. */
  readonly alone: readonly string[];
}

/**
 * Reruns a batch, and each of its utterances alone, with the current weights and checks every operation's result. Weights
 * stay unchanged; gradients and running statistics do not, so training cannot continue.
 */
export async function diagnose(
  device: Device,
  built: BuiltModel,
  config: TrainConfig,
  activation: FloatType,
  suspect: SuspectBatch,
): Promise<Diagnosis> {
  const { batch, ids, step, part } = suspect;
  const { parameters } = built;
  const settings = { seed: config.seed, step: step * config.batch.accumulate + part, activation };
  const search = (of: Batch): Promise<NonFiniteResult | undefined> =>
    firstNotFiniteInStep(device, parameters, settings, (tape) =>
      trainingStep(tape, built, uploadBatch(tape, of, built.model), trainingPaths(config, step), config, undefined),
    );

  const rows = ids.map((_, row) => alone(batch, row, built.model));
  const features = ids.filter((_, row) => !(rows[row] as Batch).features.every(Number.isFinite));
  const values = await parameters.read("values");
  // Not the running statistics, which the batch itself has changed.
  const parameter = firstNotFiniteTensor(
    new Map(parameters.all.map(({ name }) => [name, values.get(name) as { values: Float32Array }])),
  );
  const first = await search(batch);
  const guilty: string[] = [];
  if (first && !parameter) for (const [row, id] of ids.entries()) if (await search(rows[row] as Batch)) guilty.push(id);
  return { ...(parameter && { parameter }), features, ...(first && { first }), alone: guilty };
}

/** One utterance of a batch, without padding. */
function alone(
  { frames, bins, maxLabels, features, lengths, targets, targetLengths, masks }: Batch,
  row: number,
  model: CtcModel,
): Batch {
  const length = lengths[row] as number;
  return {
    size: 1,
    frames: length,
    bins,
    maxLabels,
    features: features.slice(row * frames * bins, (row * frames + length) * bins),
    lengths: lengths.slice(row, row + 1),
    targets: targets.slice(row * maxLabels, (row + 1) * maxLabels),
    targetLengths: targetLengths.slice(row, row + 1),
    masks: masks && masksOfRow(masks, row, model.outputFrames(length)),
  };
}

/** A diagnosis of a batch of these utterances, worded as the end of a sentence. */
export function describeDiagnosis({ parameter, features, first, alone }: Diagnosis, ids: readonly string[]): string {
  if (!first) return "when computed again, every operation's result is finite";
  const where = `first ${first.value} in ${first.pass === "backward" ? "the gradients of " : ""}${first.operation}${first.scope === "" ? "" : ` of '${first.scope}'`}`;
  if (parameter) return `${where}, with ${parameter.value} in the weights ${parameter.name}`;
  if (alone.length === 0) return `${where}, but for none of them alone`;
  const whose = alone.length === ids.length && ids.length > 1 ? "each of them" : named(alone);
  return `${where} for ${whose}${features.length > 0 ? `, with features that are not finite in ${named(features)}` : ""}`;
}

const named = (ids: readonly string[]): string => `utterance${ids.length > 1 ? "s" : ""} ${ids.join(", ")}`;
