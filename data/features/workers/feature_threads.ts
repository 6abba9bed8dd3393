import { threadEntry, type ThreadEntry } from "../../threads/entry.ts";
import { ThreadPool } from "../../threads/thread_pool.ts";
import type { FeatureAnswer, FeatureRequest, FeatureSettings } from "./request.ts";

/** Threads that compute features. `compute` throws UserError if a file cannot be read; RunError if the thread failed. */
export const featureThreads = (
  size: number,
  settings: FeatureSettings,
  entry: ThreadEntry = threadEntry(import.meta.url),
): ThreadPool<FeatureRequest, FeatureAnswer> => new ThreadPool(size, settings, entry, "computes features");
