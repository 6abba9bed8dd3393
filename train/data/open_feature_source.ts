import { availableParallelism } from "node:os";
import { join } from "node:path";
import { cacheFolder } from "../../engine/cache_folder.ts";
import { buildFbank } from "../build_model.ts";
import type { TrainConfig } from "../config.ts";
import { FeatureSource } from "./feature_source.ts";
import { fromSources } from "./workers/entry.ts";

const MOST_THREADS = 8;

/** The cache stops growing before the disk is full: a run could not save its checkpoints. */
const SPARE_BYTES = 2 ** 30;

/**
 * The source of features that a config asks for, to be closed in the end.
 *
 * @param warn told once if the cache cannot be written
 */
export function openFeatureSource(config: TrainConfig, warn: (message: string) => void): FeatureSource {
  const { workers, cache } = config.data;
  return new FeatureSource({
    fbank: buildFbank(config),
    workers: workers ?? defaultThreads(),
    cache: cache === false ? null : (cache ?? join(cacheFolder(), "features")),
    spareBytes: SPARE_BYTES,
    warn,
  });
}

/**
 * The same for work with a finished model: with this machine's number of threads, whatever the run was given.
 *
 * @param keep whether the features are looked for in the cache of the config, and kept there; not worth it for audio that is read once
 */
export const openFinishedSource = (config: TrainConfig, warn: (message: string) => void, { keep }: { keep: boolean }): FeatureSource =>
  openFeatureSource({ ...config, data: { ...config.data, workers: null, ...(!keep && { cache: false }) } }, warn);

/** One less than there are cores. From the sources none, unless asked for: each thread would compile them first. */
const defaultThreads = (): number => (fromSources ? 0 : Math.max(1, Math.min(MOST_THREADS, availableParallelism() - 1)));
