import { availableParallelism } from "node:os";
import { join } from "node:path";
import { cacheFolder } from "../../engine/node/cache_folder.ts";
import type { TrainConfig } from "../../config/config.ts";
import { buildFrontEnd } from "../../config/front_end.ts";
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
    frontEnd: buildFrontEnd(config),
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
 * @param oneThread whether one thread does all: it keeps the recording that it has decoded, for the next part of it
 */
export const openFinishedSource = (
  config: TrainConfig,
  warn: (message: string) => void,
  { keep, oneThread = false }: { keep: boolean; oneThread?: boolean },
): FeatureSource =>
  openFeatureSource(
    {
      ...config,
      data: { ...config.data, workers: oneThread && !fromSources ? 1 : null, ...(!keep && { cache: false }) },
    },
    warn,
  );

/** One less than there are cores. From the sources none, unless asked for: each thread would compile them first. */
const defaultThreads = (): number =>
  fromSources ? 0 : Math.max(1, Math.min(MOST_THREADS, availableParallelism() - 1));
