import type { FloatType } from "../engine/tensor.ts";
import type { Device } from "../engine/device.ts";
import { Tape } from "../engine/tape.ts";
import type { BuiltModel } from "./build_model.ts";
import type { TrainConfig } from "./config.ts";
import type { Batch } from "./data/batch.ts";
import { trainingPaths } from "./depths.ts";
import { firstNotFinite, type Sighting } from "./finite_probe.ts";
import { trainingStep, uploadBatch } from "./training_step.ts";

/** A batch whose loss or gradient was not finite, as training computed it. */
export interface SuspectBatch {
  readonly batch: Batch;
  readonly ids: readonly string[];
  /** Steps done before it, and which part of its step it was: they name its random numbers. */
  readonly step: number;
  readonly part: number;
}

export interface Diagnosis {
  /** The first parameter or buffer that holds such a value. */
  readonly parameter?: string;
  /** Utterances whose features hold such a value. */
  readonly features: readonly string[];
  /** The first result of the batch's forward and backward pass that is not finite. */
  readonly first?: Sighting;
  /** Utterances for which, alone, there is such a result. */
  readonly alone: readonly string[];
}

/**
 * Runs a batch again, and each of its utterances alone, with the weights as they are, and looks at every operation's result. Weights
 * stay as they are; gradients and running statistics do not, so that training cannot go on.
 */
export async function diagnose(device: Device, built: BuiltModel, config: TrainConfig, activation: FloatType, suspect: SuspectBatch): Promise<Diagnosis> {
  const { batch, ids, step, part } = suspect;
  const { parameters } = built;
  const search = (of: Batch): Promise<Sighting | undefined> =>
    firstNotFinite(device, (onResult) => {
      parameters.zeroGrads();
      const tape = new Tape(device, { seed: config.seed, step: step * config.batch.accumulate + part, activation, onResult });
      try {
        trainingStep(tape, built, uploadBatch(tape, of), trainingPaths(config, step), config, undefined);
      } finally {
        tape.end();
      }
    });

  const rows = ids.map((_, row) => alone(batch, row));
  const features = ids.filter((_, row) => !(rows[row] as Batch).features.every(Number.isFinite));
  const parameter = [...(await parameters.read("values"))].find(([, { values }]) => !values.every(Number.isFinite))?.[0];
  const first = await search(batch);
  const guilty: string[] = [];
  if (first && parameter === undefined) for (const [row, id] of ids.entries()) if (await search(rows[row] as Batch)) guilty.push(id);
  return { ...(parameter !== undefined && { parameter }), features, ...(first && { first }), alone: guilty };
}

/** One utterance of a batch, without padding. */
function alone({ frames, bins, maxLabels, features, lengths, targets, targetLengths }: Batch, row: number): Batch {
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
  };
}

/** A diagnosis of a batch of these utterances, as the end of a sentence. */
export function describeDiagnosis({ parameter, features, first, alone }: Diagnosis, ids: readonly string[]): string {
  const where = first
    ? `first in ${first.pass === "backward" ? "the gradients of " : ""}${first.operation}${first.scope === "" ? "" : ` of '${first.scope}'`} (${first.value})`
    : "run again, every operation's result is finite";
  const whose = ids.length > 1 && alone.length === ids.length ? " for each of them" : alone.length > 0 ? ` for ${named(alone)}` : "";
  const nobody = first && parameter === undefined && alone.length === 0 ? ", but for none of them alone" : "";
  const why = parameter !== undefined ? `; the weights of ${parameter} hold values that are no finite numbers` : features.length > 0 ? `; so are features of ${named(features)}` : "";
  return `${where}${whose}${nobody}${why}`;
}

const named = (ids: readonly string[]): string => `utterance${ids.length > 1 ? "s" : ""} ${ids.join(", ")}`;
