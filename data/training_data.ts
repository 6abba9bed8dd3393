import { UserError } from "../engine/errors.ts";
import type { Cmvn } from "../model/features/cmvn.ts";
import type { FrontEnd } from "../model/features/front_end.ts";
import type { Units } from "../model/units/units.ts";
import { modelFrames } from "../config/model_config.ts";
import { restoreCmvn } from "../config/front_end.ts";
import type { TrainConfig } from "../config/config.ts";
import type { Origin } from "../config/origin.ts";
import type { Observer, TaskDisplay } from "./observer.ts";
import { AugmentedSet } from "./augment/augmented_set.ts";
import { readNoises } from "./augment/noise_recordings.ts";
import { loadDataset, type Dataset } from "./dataset.ts";
import { readStatistics } from "./features/read_statistics.ts";
import type { FeatureSource } from "./features/feature_source.ts";
import { readManifest, type Manifest } from "./manifest/manifest.ts";
import { openFeatureSource } from "./features/open_feature_source.ts";
import { trainingUnits } from "./training_units.ts";
import { DIGEST_LENGTH, digestText } from "./batches/digest_text.ts";
import { dataWarnings, remarkWarnings } from "./warnings.ts";
import { createHash } from "node:crypto";

export interface TrainingData {
  readonly train: Dataset;
  /** The training set with each epoch's augmentation: what is actually trained on. */
  readonly augmented: AugmentedSet;
  /** Digest of the training set, see `digestOf`. */
  readonly digest: string;
  readonly dev: Dataset;
  readonly tests: readonly { readonly name: string; readonly set: Dataset }[];
  readonly units: Units;
  /** Warnings about the data: duplicates, utterances left out, durations that disagree. */
  readonly warnings: readonly string[];
  /** Provides the features that are not in memory; close it when done. */
  readonly source: FeatureSource;
}

export interface LoadingOptions {
  /** The checkpoint that the run starts or resumes from. */
  readonly origin?: Origin | undefined;
  readonly observer: Observer;
  readonly signal?: AbortSignal | undefined;
  /** Called as soon as the units are known, before any audio is read, so that what depends on them fails early. */
  readonly onUnits?: (units: Units) => void | Promise<void>;
}

/**
 * Reads all sets of a config. Units and normalisation come from the training set, or from the checkpoint when resuming;
 * the normalisation also from a checkpoint that the run starts from.
 *
 * @throws UserError naming the file and line, before training starts; the signal's reason, at once, if it is aborted
 */
export async function loadTrainingData(
  config: TrainConfig,
  { signal, ...options }: LoadingOptions,
): Promise<TrainingData> {
  const warnings: string[] = [];
  let warn = (message: string): void => void warnings.push(message);
  const source = openFeatureSource(config, (message) => warn(message));
  const interrupt = (): void => source.close(signal?.reason as Error);
  signal?.addEventListener("abort", interrupt);
  if (signal?.aborted) interrupt(); // while the device was being opened
  try {
    const sets = await readSets(config, options, source, warnings);
    if (process.env["UNFOLD_DEBUG"] === "1") options.observer.message(describeCounts(source));
    warn = (message) => options.observer.message(`warning: ${message}`);
    return { ...sets, warnings, source };
  } catch (error) {
    source.close();
    throw error;
  } finally {
    signal?.removeEventListener("abort", interrupt);
  }
}

async function readSets(
  config: TrainConfig,
  { origin, observer, onUnits }: Omit<LoadingOptions, "signal">,
  source: FeatureSource,
  warnings: string[],
): Promise<Omit<TrainingData, "warnings" | "source">> {
  const manifests = { train: await readManifest(config.data.train), dev: await readManifest(config.data.dev) };
  const tests: { name: string; manifest: Manifest }[] = [];
  for (const { name, manifest } of config.data.test) tests.push({ name, manifest: await readManifest(manifest) });

  expectWords("dev", manifests.dev);
  for (const { name, manifest } of tests) expectWords(name, manifest);

  const units = trainingUnits(
    config,
    manifests.train.entries.map(({ text }) => text),
    origin,
  );
  await onUnits?.(units);
  const { outputFrames } = modelFrames(config);
  const reading = async <T>(
    name: string,
    total: number,
    read: (update: TaskDisplay["update"]) => Promise<T>,
  ): Promise<T> => {
    const task = observer.task(`reading ${name}`, total);
    return read(task.update).finally(task.stop);
  };
  const load = async (name: string, manifest: Manifest, cmvn: Dataset["cmvn"] | null): Promise<Dataset> => {
    const options = {
      frontEnd: source.frontEnd,
      source,
      cmvn,
      units: name === "train" ? units : null,
      outputFrames,
      skipBroken: config.data.skipBroken,
    };
    const set = await reading(name, manifest.entries.length, (onProgress) =>
      loadDataset(manifest.entries, { ...options, onProgress }),
    );
    warnings.push(...dataWarnings(manifest, set, units).map((warning) => `${name}: ${warning}`));
    return set;
  };
  const train = await load("train", manifests.train, knownCmvn(config, origin, source.frontEnd));
  const dev = await load("dev", manifests.dev, train.cmvn);
  const testSets: TrainingData["tests"][number][] = [];
  for (const { name, manifest } of tests) testSets.push({ name, set: await load(name, manifest, train.cmvn) });
  const noise = config.augment?.noise;
  const remarks = new Set<string>();
  const noises = noise
    ? await reading("noise", 0, (onProgress) =>
        readNoises(noise.manifest, source, onProgress, (remark) => void remarks.add(remark)),
      )
    : [];
  warnings.push(...remarkWarnings([...remarks]).map((warning) => `noise: ${warning}`));
  const augmented = new AugmentedSet(train, source, {
    augment: config.augment,
    noises,
    seed: config.seed,
    outputFrames,
  });
  return { train, augmented, digest: digestOf(train.utterances, noises), dev, tests: testSets, units };
}

/** Without a word in its texts a set has no word error rate. */
function expectWords(name: string, { entries }: Manifest): void {
  if (entries.every(({ text }) => text === ""))
    throw new UserError(`${name}: all ${entries.length} texts are empty, so that there are no word errors to count`);
}

/**
 * The normalisation of the resumed run, of the config, or of the checkpoint that the run starts from; null if it has to
 * be computed.
 */
function knownCmvn(config: TrainConfig, origin: Origin | undefined, { bins }: FrontEnd): Cmvn | null {
  if (origin?.resumed) return restoreCmvn(origin.cmvn, config, origin.path);
  if (config.data.cmvn !== null) return readStatistics(config.data.cmvn, bins);
  return origin?.cmvn == null ? null : restoreCmvn(origin.cmvn, config, origin.path);
}

const describeCounts = ({ counts: { cache, computed, damaged } }: FeatureSource): string =>
  `features: ${cache} from the cache, ${computed} computed, ${damaged} computed again since the cached ones were damaged`;

/** See `digestText`. */
export const digestOf = (...set: Parameters<typeof digestText>): string =>
  createHash("sha256")
    .update(digestText(...set))
    .digest("hex")
    .slice(0, DIGEST_LENGTH);
