import type { TrainConfig } from "../../config/config.ts";
import { hash } from "../../engine/random.ts";

export interface SamplerConfig {
  /** Maximum number of utterances in a batch; unlimited by default. */
  batchSize?: number;
  /**
   * Maximum number of frames in a batch, padding included; unlimited by default. A longer utterance forms a batch
   * alone.
   */
  batchFrames?: number;
  /**
   * Number of groups of similar length, within which utterances are shuffled; more buckets mean less padding. Default
   * 10.
   */
  buckets?: number;
}

/** A config's limits of a batch, for so many processes that train together. */
export function batchLimits({ buckets, size, frames, perRank }: TrainConfig["batch"], processes = 1): SamplerConfig {
  const factor = perRank ? processes : 1;
  return {
    buckets,
    ...(size !== null && { batchSize: size * factor }),
    ...(frames !== null && { batchFrames: frames * factor }),
  };
}

/** A sampler's position: the batch that comes next. This is all that a checkpoint has to store. */
export interface SamplerState {
  epoch: number;
  batch: number;
}

export interface SampledBatch extends SamplerState {
  /** Indices of the batch's utterances. */
  indices: number[];
}

// Hash purposes, so that the two shuffles of an epoch are independent.
const UTTERANCES = 0;
const BATCHES = 1;

/**
 * Batches utterances of similar length, using each exactly once per epoch, in an order that depends only on the seed
 * and the epoch. So the state is two numbers, and a resumed run continues with exactly the remaining batches.
 */
export class BucketSampler {
  readonly #lengthsIn: (epoch: number) => readonly number[];
  readonly #config: Required<SamplerConfig>;
  readonly #seed: number;
  #state: SamplerState;
  #planned: { epoch: number; batches: number[][] } | undefined;

  /**
   * @param lengths frames of each utterance, at least one utterance; a function if speed perturbation changes them
   *   between epochs
   * @param state where to continue; by default the first batch of epoch 0
   * @throws RangeError if a setting is not a positive integer or `state` is invalid
   */
  constructor(
    lengths: readonly number[] | ((epoch: number) => readonly number[]),
    config: SamplerConfig,
    seed: number,
    state: SamplerState = { epoch: 0, batch: 0 },
  ) {
    const { batchSize = Infinity, batchFrames = Infinity, buckets = 10 } = config;
    const lengthsIn = typeof lengths === "function" ? lengths : (): readonly number[] => lengths;
    if (lengthsIn(state.epoch).length === 0) throw new RangeError("BucketSampler: no utterances");
    for (const [name, value] of Object.entries({ batchSize, batchFrames, buckets })) {
      if (!(value >= 1 && (Number.isInteger(value) || value === Infinity))) {
        throw new RangeError(`BucketSampler: ${name} is ${value}, expected a positive integer`);
      }
    }
    for (const [name, value] of Object.entries(state)) {
      if (!Number.isInteger(value) || value < 0)
        throw new RangeError(`BucketSampler: state.${name} is ${value}, expected 0, 1, 2...`);
    }
    this.#lengthsIn = lengthsIn;
    this.#config = { batchSize, batchFrames, buckets };
    this.#seed = seed;
    this.#state = { ...state };
  }

  get state(): SamplerState {
    return { ...this.#state };
  }

  /** Frames of each utterance in an epoch. */
  lengths(epoch: number): readonly number[] {
    return this.#lengthsIn(epoch);
  }

  /** Advances by one batch, moving to the next epoch after the last one. */
  next(): SampledBatch {
    let { epoch, batch } = this.#state;
    if (batch >= this.#plan(epoch).length) [epoch, batch] = [epoch + 1, 0];
    this.#state = { epoch, batch: batch + 1 };
    return { epoch, batch, indices: this.#plan(epoch)[batch]! };
  }

  /** All batches of an epoch, in order. With `batchFrames` their number can vary slightly between epochs. */
  batches(epoch: number): number[][] {
    return this.#plan(epoch).map((indices) => [...indices]);
  }

  /** Fraction of an epoch's frames that is padding, 0 to 1. */
  paddingShare(epoch: number): number {
    const lengths = this.#lengthsIn(epoch);
    const padded = this.#plan(epoch).reduce(
      (sum, indices) => sum + indices.length * Math.max(...indices.map((i) => lengths[i]!)),
      0,
    );
    return 1 - lengths.reduce((sum, length) => sum + length, 0) / padded;
  }

  #plan(epoch: number): number[][] {
    if (this.#planned?.epoch !== epoch) {
      const lengths = this.#lengthsIn(epoch);
      const bucketOf = bucketsByLength(lengths, this.#config.buckets);
      const order = this.#shuffled(
        lengths.map((_, i) => i),
        UTTERANCES,
        epoch,
      );
      order.sort((a, b) => bucketOf[a]! - bucketOf[b]!); // stable, so each bucket stays shuffled
      this.#planned = { epoch, batches: this.#shuffled(this.#fill(order, lengths), BATCHES, epoch) };
    }
    return this.#planned.batches;
  }

  /**
   * Cuts an order into batches. They may span two buckets, which leaves one small batch in all rather than one per
   * bucket.
   */
  #fill(order: readonly number[], lengths: readonly number[]): number[][] {
    const { batchSize, batchFrames } = this.#config;
    const batches: number[][] = [];
    let open: number[] = [];
    let longest = 0;
    for (const index of order) {
      const padded = Math.max(longest, lengths[index]!) * (open.length + 1);
      if (open.length > 0 && (open.length >= batchSize || padded > batchFrames)) {
        batches.push(open);
        [open, longest] = [[], 0];
      }
      open.push(index);
      longest = Math.max(longest, lengths[index]!);
    }
    batches.push(open);
    return batches;
  }

  /** The items in the order of their hashes. */
  #shuffled<Item>(items: readonly Item[], purpose: number, epoch: number): Item[] {
    const keyed = items.map((item, i) => ({ item, key: hash(this.#seed, epoch, purpose, i) }));
    return keyed.sort((a, b) => a.key - b.key).map(({ item }) => item);
  }
}

/** The bucket of each utterance: the sorted lengths cut into equally large groups. */
function bucketsByLength(lengths: readonly number[], buckets: number): Int32Array {
  const bucketOf = new Int32Array(lengths.length);
  const byLength = lengths.map((_, i) => i).sort((a, b) => lengths[a]! - lengths[b]!);
  byLength.forEach((index, rank) => (bucketOf[index] = Math.floor((rank * buckets) / lengths.length)));
  return bucketOf;
}

/** From this share of padding on, buckets would save a significant part of each step. */
const MUCH_PADDING = 0.25;

/** Warns if a large share of an epoch's frames is padding, on which computation is wasted. */
export function paddingWarnings(share: number): string[] {
  return share < MUCH_PADDING
    ? []
    : [
        `${Math.round(100 * share)} % of the frames in batches are padding: more batch.buckets, or batch.frames instead of batch.size, would reduce it`,
      ];
}
