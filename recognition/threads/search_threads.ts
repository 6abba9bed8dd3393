import { availableParallelism } from "node:os";
import { UserError } from "../../engine/errors.ts";
import type { BeamHypothesis } from "../../model/decode/prefix_beam.ts";
import type { SharedNgrams } from "../../model/decode/ngram_model.ts";
import type { UnitsJson } from "../../model/units/units.ts";
import { fromSources, threadEntry } from "../../data/threads/entry.ts";
import { ThreadPool } from "../../data/threads/thread_pool.ts";
import type { LanguageModelSettings } from "../language_model.ts";

/** Settings shared by all searches of a thread. */
export interface SearchSettings {
  readonly beam: number;
  readonly units: UnitsJson;
  /** Its n-grams are in memory that all threads share. */
  readonly lm: (LanguageModelSettings & { readonly ngrams: SharedNgrams }) | null;
}

/** One utterance's log-probabilities `[frames, vocab]`. */
export interface SearchRequest {
  readonly logProbs: Float32Array<ArrayBuffer>;
  readonly vocab: number;
  readonly blank: number;
}

/** Threads that run prefix beam searches, for those who want other things done meanwhile. */
export const searchThreads = (size: number, settings: SearchSettings): ThreadPool<SearchRequest, BeamHypothesis[]> =>
  new ThreadPool(size, settings, threadEntry(import.meta.url), "searches");

/** More than any machine has cores. */
const MOST = 1024;

/**
 * How many threads search: UNFOLD_THREADS, or as many as there are cores. With 1, the main thread searches in place.
 * So it does by default when running from the sources, which each thread would have to compile first.
 *
 * @throws UserError if the variable is no such number
 */
export function threadCount(given = process.env["UNFOLD_THREADS"]): number {
  if (given === undefined || given === "") return fromSources ? 1 : availableParallelism();
  const count = /^\d+$/u.test(given) ? Number(given) : NaN;
  if (!(count >= 1 && count <= MOST))
    throw new UserError(`UNFOLD_THREADS: expected a whole number from 1 to ${MOST}, got '${given}'`);
  return count;
}
