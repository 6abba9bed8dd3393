import type { SearchOptions } from "../model/decode/search.ts";
import type { TrainConfig } from "../config/config.ts";
import { loadTrainingData, type LoadingOptions, type TrainingData } from "../data/training_data.ts";
import { openFusion } from "../recognition/language_model.ts";

/** What a run reads before training. */
export interface RunData extends TrainingData {
  /** How dev and test sets are decoded: the config's beam and language model. */
  readonly search: SearchOptions & { readonly batchSize: number };
}

/** Reads everything a config names. Throws like `loadTrainingData`, and UserError for an unusable language model. */
export async function loadRunData(config: TrainConfig, options: Omit<LoadingOptions, "onUnits">): Promise<RunData> {
  const { lm, beam, batchSize } = config.eval;
  const warn = (message: string): void => options.observer.message(`warning: ${message}`);
  let fusion: SearchOptions["fusion"];
  const data = await loadTrainingData(config, {
    ...options,
    onUnits: async (units) => void (fusion = await openFusion(lm, units, warn)),
  });
  return { ...data, search: { beam, batchSize, fusion } };
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
