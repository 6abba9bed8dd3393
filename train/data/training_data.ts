import { subsampledLength } from "../../model/subsampling.ts";
import type { Units } from "../../model/units/units.ts";
import { buildFbank, restoreCmvn } from "../build_model.ts";
import type { Checkpoint } from "../checkpoint.ts";
import type { TrainConfig } from "../config.ts";
import type { RunObserver } from "../run_observer.ts";
import { loadDataset, type Dataset } from "./dataset.ts";
import { readManifest, type Manifest } from "./manifest.ts";
import { trainingUnits } from "./training_units.ts";
import { dataWarnings } from "./warnings.ts";

export interface TrainingData {
  readonly train: Dataset;
  readonly dev: Dataset;
  readonly tests: readonly { readonly name: string; readonly set: Dataset }[];
  readonly units: Units;
  /** What a user should know of the data: duplicates, utterances left out, durations that disagree. */
  readonly warnings: readonly string[];
}

/**
 * Reads all sets of a config. Units and normalisation come from the training set, or from the checkpoint when resuming.
 * Throws a UserError that names file and line before anything is trained.
 */
export async function loadTrainingData(config: TrainConfig, resumed: Checkpoint | undefined, observer: RunObserver): Promise<TrainingData> {
  const manifests = { train: await readManifest(config.data.train), dev: await readManifest(config.data.dev) };
  const tests: { name: string; manifest: Manifest }[] = [];
  for (const { name, manifest } of config.data.test) tests.push({ name, manifest: await readManifest(manifest) });

  const units = trainingUnits(config, manifests.train.entries.map(({ text }) => text), resumed);
  const fbank = buildFbank(config);
  const warnings: string[] = [];
  const load = async (name: string, manifest: Manifest, cmvn: Dataset["cmvn"] | null): Promise<Dataset> => {
    const done = observer.task(`reading ${name}`, manifest.entries.length);
    try {
      const options = { fbank, cmvn, units: name === "train" ? units : null, outputFrames: subsampledLength, skipBroken: config.data.skipBroken, onProgress: done.update };
      const set = await loadDataset(manifest.entries, options);
      warnings.push(...dataWarnings(manifest, set, units).map((warning) => `${name}: ${warning}`));
      return set;
    } finally {
      done.stop();
    }
  };
  const train = await load("train", manifests.train, resumed ? restoreCmvn(resumed.state, config, resumed.path) : null);
  const dev = await load("dev", manifests.dev, train.cmvn);
  const testSets: TrainingData["tests"][number][] = [];
  for (const { name, manifest } of tests) testSets.push({ name, set: await load(name, manifest, train.cmvn) });
  return { train, dev, tests: testSets, units, warnings };
}
