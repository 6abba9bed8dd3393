import type { SearchOptions } from "../model/decode/search.ts";
import type { TrainConfig } from "../config/config.ts";
import { loadTrainingData, type LoadingOptions, type TrainingData } from "../data/training_data.ts";
import { configuredSearch } from "../recognition/decoder_search.ts";
import type { RecogniseOptions } from "../recognition/recognise.ts";
import { openSearch, type OpenedSearch } from "../recognition/threads/open_search.ts";

/** What a run reads before training. */
export interface RunData extends TrainingData {
  /** How dev and test sets are decoded: the config's search, beam and language model. */
  readonly search: SearchOptions & Pick<RecogniseOptions, "batchSize" | "decoding">;
  /** Ends the threads that read audio and search. */
  close(): void;
}

/** Reads everything a config names. Throws like `loadTrainingData`, and UserError for an unusable language model. */
export async function loadRunData(config: TrainConfig, options: Omit<LoadingOptions, "onUnits">): Promise<RunData> {
  const { batchSize } = config.eval;
  let search: OpenedSearch | undefined;
  const data = await loadTrainingData(config, {
    ...options,
    onUnits: async (units) => void (search = await openSearch(config.eval, units)),
  });
  return {
    ...data,
    search: { ...search?.options, batchSize, decoding: configuredSearch(config.eval) },
    close() {
      data.source.close();
      search?.close();
    },
  };
}

/** The promise's result, or undefined if it was rejected because the signal was aborted. */
export async function unlessAborted<T>(signal: AbortSignal, promise: Promise<T>): Promise<T | undefined> {
  try {
    return await promise;
  } catch (error) {
    if (signal.aborted && error === signal.reason) return undefined;
    throw error;
  }
}
