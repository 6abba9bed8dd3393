import { readFileSync } from "node:fs";
import { UserError } from "../../engine/errors.ts";
import { parseCmvn, serialiseCmvn, type Cmvn } from "../../model/features/cmvn.ts";
import { writeAtomically } from "../files/atomic_file.ts";
import { modelFrames } from "../../config/model_config.ts";
import type { TrainConfig } from "../../config/config.ts";
import type { Origin } from "../../config/origin.ts";
import type { Observer } from "../observer.ts";
import { buildFrontEnd } from "../../config/front_end.ts";
import { loadDataset } from "../dataset.ts";
import { expectWritable } from "../import/import_corpus.ts";
import { readManifest } from "../manifest/manifest.ts";
import { openFeatureSource } from "./open_feature_source.ts";
import { trainingUnits } from "../training_units.ts";
import { dataWarnings } from "../manifest/warnings.ts";

export interface FeatureStatistics {
  readonly cmvn: Cmvn;
  readonly utterances: number;
  readonly seconds: number;
  /** Warnings for the user, one sentence each. */
  readonly warnings: readonly string[];
}

/**
 * Computes the mean and variance of a manifest's features as training would, leaving out the same utterances, and
 * writes them to a file for the config's `data.cmvn`.
 *
 * @param out    the JSON file to write
 * @param origin the checkpoint that the config starts from, if any
 * @throws UserError if the file already exists and `force` is not set, or as training does
 */
export async function computeStatistics(
  manifest: string,
  config: TrainConfig,
  { out, force, origin, observer }: { out: string; force: boolean; origin?: Origin | undefined; observer: Observer },
): Promise<FeatureStatistics> {
  if (!buildFrontEnd(config).takesCmvn)
    throw new UserError(
      `features.kind ${config.features.kind} has no statistics: each utterance is normalised by itself`,
    );
  expectWritable(out, force);
  const read = await readManifest(manifest);
  const { entries } = read;
  const units = trainingUnits(
    config,
    entries.map(({ text }) => text),
    origin,
  );
  const warnings: string[] = [];
  const source = openFeatureSource(config, (message) => warnings.push(message));
  const { outputFrames } = modelFrames(config);
  const task = observer.task("reading audio", entries.length);
  try {
    const set = await loadDataset(entries, {
      frontEnd: source.frontEnd,
      source,
      cmvn: null,
      units,
      outputFrames,
      skipBroken: config.data.skipBroken,
      onProgress: task.update,
    });
    const cmvn = set.cmvn as Cmvn; // the front end uses it
    writeAtomically(out, Buffer.from(serialiseCmvn(cmvn)));
    return {
      cmvn,
      utterances: set.utterances.length,
      seconds: set.seconds,
      warnings: [...warnings, ...dataWarnings(read, set, units)],
    };
  } finally {
    task.stop();
    source.close();
  }
}

/**
 * Reads the output of `computeStatistics`.
 *
 * @param bins expected number of feature bins
 * @throws UserError if the file cannot be read, holds something else, or is for another number of bins
 */
export function readStatistics(file: string, bins: number): Cmvn {
  let json: string;
  try {
    json = readFileSync(file, "utf8");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new UserError(
      `cannot read the feature statistics ${file}: ${code === "ENOENT" ? "there is no such file" : message}`,
    );
  }
  const cmvn = parseCmvn(json, file);
  if (cmvn.mean.length !== bins)
    throw new UserError(`${file} has statistics for ${cmvn.mean.length} bins, but the config's features have ${bins}`);
  return cmvn;
}
