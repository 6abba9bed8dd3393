import { availableParallelism } from "node:os";
import { join } from "node:path";
import { cacheFolder } from "../../engine/node/cache_folder.ts";
import type { TrainConfig } from "../../config/config.ts";
import { buildFrontEnd } from "../../config/front_end.ts";
import { FeatureSource } from "./feature_source.ts";
import { fromSources } from "../threads/entry.ts";

const MOST_THREADS = 8;

/** The cache stops growing before the disk is full, so that a run can still save its checkpoints. */
const SPARE_BYTES = 2 ** 30;

/**
 * Opens the feature source described by a config; close it when done.
 *
 * @param warn called once if the cache cannot be written
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
 * The same for work with a trained model: with this machine's default number of threads, whatever the run used.
 *
 * @param keep whether to read and write the config's cache; not worth it for audio that is read once
 * @param oneThread whether to use a single thread, which keeps a decoded recording for its next piece
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

/**
 * One less than the number of cores. When running from the sources, none by default: each thread would have to compile
 * them first.
 */
const defaultThreads = (): number =>
  fromSources ? 0 : Math.max(1, Math.min(MOST_THREADS, availableParallelism() - 1));
