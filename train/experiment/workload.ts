import type { Batch } from "../data/batch.ts";
import type { Utterance } from "../data/dataset.ts";
import { BucketSampler } from "../data/sampler.ts";
import { loadTrainingData, type TrainingData } from "../data/training_data.ts";
import type { TrainConfig } from "../config.ts";
import type { RunObserver } from "../run_observer.ts";
import { trainingBatch } from "../training_batches.ts";

/** What all rows are measured with. */
export interface Workload {
  /** Output units of a model. */
  readonly vocabulary: number;
  /** Batches of one epoch. */
  readonly batchesPerEpoch: number;
  /** Some of them, from the smallest to the largest at equal distances: their mean is close to the epoch's. */
  readonly batches: readonly Batch[];
  /** The one in the middle. */
  readonly typical: Batch;
  /** Of the first test set, or of dev where there is none; all lengths. */
  readonly utterances: readonly Utterance[];
  /** Utterances that are evaluated in one run: dev at each of its evaluations, test sets at the end. */
  readonly evaluated: { readonly dev: number; readonly tests: number };
  /** Seconds that reading the data took. */
  readonly readingSeconds: number;
}

const BATCHES = 9;
const UTTERANCES = 48;

/** Reads an experiment's data once, as a run would, and takes samples of them. */
export async function loadWorkload(config: TrainConfig, observer: RunObserver): Promise<Workload> {
  const start = performance.now();
  const data: TrainingData = await loadTrainingData(config, undefined, observer);
  const readingSeconds = (performance.now() - start) / 1000;
  const { train, dev, tests, units } = data;
  const { size, frames, buckets } = config.batch;
  const sampler = new BucketSampler(train.utterances.map((u) => u.frames), { buckets, ...(size !== null && { batchSize: size }), ...(frames !== null && { batchFrames: frames }) }, config.seed);
  const indices = sampler.batches(0);
  const longest = (batch: readonly number[]): number => batch.length * Math.max(...batch.map((i) => train.utterances[i]!.frames));
  const bySize = indices.toSorted((a, b) => longest(a) - longest(b));
  const batches = spread(bySize, BATCHES).map((members) => trainingBatch(train.utterances, train.bins, members, null, config.seed, 0));
  const tested = (tests[0]?.set ?? dev).utterances;
  return {
    vocabulary: units.size,
    batchesPerEpoch: indices.length,
    batches,
    typical: batches[batches.length >> 1] as Batch,
    utterances: spread(tested.toSorted((a, b) => a.frames - b.frames), UTTERANCES),
    evaluated: { dev: dev.utterances.length, tests: tests.reduce((sum, { set }) => sum + set.utterances.length, 0) },
    readingSeconds,
  };
}

/** At most `most` items at equal distances: each stands for as many around it. */
function spread<Item>(items: readonly Item[], most: number): Item[] {
  const count = Math.min(most, items.length);
  return Array.from({ length: count }, (_, i) => items[Math.floor(((i + 0.5) * items.length) / count)] as Item);
}
