import type { SearchOptions } from "../model/decode/search.ts";
import type { TrainConfig } from "../config/config.ts";
import { loadTrainingData, type LoadingOptions, type TrainingData } from "../data/training_data.ts";
import { openFusion } from "../recognition/language_model.ts";

/** What a run reads before it trains. */
export interface RunData extends TrainingData {
  /** How dev and test are decoded: beam and language model of the config. */
  readonly search: SearchOptions & { readonly batchSize: number };
}

/** Reads all that a config names. Throws as `loadTrainingData` does, and UserError for a language model that cannot be used. */
export async function loadRunData(config: TrainConfig, options: Omit<LoadingOptions, "onUnits">): Promise<RunData> {
  const { lm, beam, batchSize } = config.eval;
  let fusion: SearchOptions["fusion"];
  const data = await loadTrainingData(config, {
    ...options,
    onUnits: async (units) => void (fusion = await openFusion(lm, units)),
  });
  return { ...data, search: { beam, batchSize, fusion } };
}

/** What the promise gives, or undefined if it was rejected because the signal was aborted. */
export async function unlessAborted<T>(signal: AbortSignal, promise: Promise<T>): Promise<T | undefined> {
  try {
    return await promise;
  } catch (error) {
    if (signal.aborted && error === signal.reason) return undefined;
    throw error;
  }
}
