import { UserError } from "../engine/errors.ts";
import { serialiseCmvn, type Cmvn } from "../model/features/cmvn.ts";
import { writeAtomically } from "./files/atomic_file.ts";
import { modelFrames } from "../config/model_config.ts";
import type { TrainConfig } from "../config/config.ts";
import type { Origin } from "../config/origin.ts";
import type { Observer } from "./observer.ts";
import { buildFrontEnd } from "../config/front_end.ts";
import { loadDataset } from "./dataset.ts";
import { expectWritable } from "./files/output_place.ts";
import { readManifest } from "./manifest/manifest.ts";
import { openFeatureSource } from "./features/open_feature_source.ts";
import { trainingUnits } from "./training_units.ts";
import { dataWarnings } from "./warnings.ts";

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
