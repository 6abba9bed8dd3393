import { padBatch, type Batch } from "../../data/batches/batch.ts";
import { loadItems, type BatchItem } from "../../data/item.ts";
import { BucketSampler } from "../../data/batches/sampler.ts";
import type { TrainingData } from "../../data/training_data.ts";
import { originOf } from "../../checkpoint/load_config.ts";
import { loadRunData, unlessAborted } from "../run_data.ts";
import type { TrainConfig } from "../../config/config.ts";
import type { RunObserver } from "../run/run_observer.ts";

/** What all rows are measured with. */
export interface Workload {
  /** Output classes of a model, including the blank, and the blank's index. */
  readonly vocabulary: number;
  readonly blank: number;
  /** Batches per epoch. */
  readonly batchesPerEpoch: number;
  /** Some of them, evenly spaced from the smallest to the largest: their mean is close to the epoch's. */
  readonly batches: readonly Batch[];
  /** The one in the middle. */
  readonly typical: Batch;
  /** From the first test set, or from dev if there is none; of all lengths. */
  readonly utterances: readonly BatchItem[];
  /** Total length of their audio. */
  readonly seconds: number;
  /** Utterances evaluated in one run: dev at each evaluation, test sets at the end. */
  readonly evaluated: { readonly dev: number; readonly tests: number };
  /** Seconds spent reading the data. */
  readonly readingSeconds: number;
}

const BATCHES = 9;
const UTTERANCES = 48;

/** Reads an experiment's data once, as a run would, and samples it. Undefined if the signal is aborted meanwhile. */
export async function loadWorkload(
  config: TrainConfig,
  observer: RunObserver,
  signal: AbortSignal,
): Promise<Workload | undefined> {
  const start = performance.now();
  const data = await unlessAborted(signal, loadRunData(config, { origin: originOf(config), observer, signal }));
  if (!data) return undefined;
  try {
    return await sampleData(data, config, (performance.now() - start) / 1000);
  } finally {
    data.close();
  }
}

async function sampleData(
  { train, dev, tests, units }: TrainingData,
  config: TrainConfig,
  readingSeconds: number,
): Promise<Workload> {
  const { size, frames, buckets } = config.batch;
  const limits = {
    buckets,
    ...(size !== null && { batchSize: size }),
    ...(frames !== null && { batchFrames: frames }),
  };
  const indices = new BucketSampler(
    train.utterances.map((utterance) => utterance.frames),
    limits,
    config.seed,
  ).batches(0);
  const padded = (batch: readonly number[]): number =>
    batch.length * Math.max(...batch.map((i) => train.utterances[i]!.frames));
  const batches: Batch[] = [];
  for (const members of spread(
    indices.toSorted((a, b) => padded(a) - padded(b)),
    BATCHES,
  ))
    batches.push(padBatch(await loadItems(members.map((i) => train.utterances[i]!)), train.bins));
  const tested = spread(
    (tests[0]?.set ?? dev).utterances.toSorted((a, b) => a.frames - b.frames),
    UTTERANCES,
  );
  return {
    vocabulary: units.size,
    blank: units.blank,
    batchesPerEpoch: indices.length,
    batches,
    typical: batches[batches.length >> 1] as Batch,
    utterances: await loadItems(tested),
    seconds: tested.reduce((sum, utterance) => sum + utterance.seconds, 0),
    evaluated: { dev: dev.utterances.length, tests: tests.reduce((sum, { set }) => sum + set.utterances.length, 0) },
    readingSeconds,
  };
}

/** At most `most` evenly spaced items: each stands for as many around it. */
function spread<Item>(items: readonly Item[], most: number): Item[] {
  const count = Math.min(most, items.length);
  return Array.from({ length: count }, (_, i) => items[Math.floor(((i + 0.5) * items.length) / count)] as Item);
}
