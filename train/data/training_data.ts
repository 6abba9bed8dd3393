import { parseCmvn } from "../../model/features/cmvn.ts";
import { subsampledLength } from "../../model/subsampling.ts";
import { CharacterUnits } from "../../model/units.ts";
import { buildFbank } from "../build_model.ts";
import type { CheckpointState } from "../checkpoint.ts";
import type { TrainConfig } from "../config.ts";
import type { RunObserver } from "../run_observer.ts";
import { loadDataset, type Dataset } from "./dataset.ts";
import { readManifest, type Manifest } from "./manifest.ts";
import { summarizeSkipped } from "./validate.ts";

export interface TrainingData {
  readonly train: Dataset;
  readonly dev: Dataset;
  readonly tests: readonly { readonly name: string; readonly set: Dataset }[];
  readonly units: CharacterUnits;
  /** What a user should know of the data: duplicates, utterances left out, durations that disagree. */
  readonly warnings: readonly string[];
}

/**
 * Reads all sets of a config. Units and normalisation come from the training set, or from the checkpoint when resuming.
 * Throws a UserError that names file and line before anything is trained.
 */
export async function loadTrainingData(config: TrainConfig, resumed: CheckpointState | undefined, observer: RunObserver): Promise<TrainingData> {
  const manifests = { train: await readManifest(config.data.train), dev: await readManifest(config.data.dev) };
  const tests: { name: string; manifest: Manifest }[] = [];
  for (const { name, manifest } of config.data.test) tests.push({ name, manifest: await readManifest(manifest) });

  const units = resumed ? CharacterUnits.fromJSON(resumed.units, "the checkpoint") : CharacterUnits.fromTexts(manifests.train.entries.map(({ text }) => text));
  const fbank = buildFbank(config);
  const warnings: string[] = [];
  const load = async (name: string, manifest: Manifest, cmvn: Dataset["cmvn"] | null): Promise<Dataset> => {
    const done = observer.task(`reading ${name}`, manifest.entries.length);
    try {
      const options = { fbank, cmvn, units: name === "train" ? units : null, outputFrames: subsampledLength, skipBroken: config.data.skipBroken, onProgress: done.update };
      const set = await loadDataset(manifest.entries, options);
      const skipped = summarizeSkipped(set.skipped, manifest.entries.length);
      warnings.push(...[...manifest.warnings, ...set.warnings, ...(skipped ? [skipped] : [])].map((warning) => `${name}: ${warning}`));
      return set;
    } finally {
      done.stop();
    }
  };
  const train = await load("train", manifests.train, resumed ? parseCmvn(JSON.stringify(resumed.cmvn), "the checkpoint") : null);
  const dev = await load("dev", manifests.dev, train.cmvn);
  const testSets: TrainingData["tests"][number][] = [];
  for (const { name, manifest } of tests) testSets.push({ name, set: await load(name, manifest, train.cmvn) });
  return { train, dev, tests: testSets, units, warnings };
}
