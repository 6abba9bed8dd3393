import type { CtcModel } from "../../model/ctc_model.ts";
import type { AugmentedSet } from "../augment/augmented_set.ts";
import { padBatch, type Batch } from "./batch.ts";
import type { BucketSampler, SamplerState } from "./sampler.ts";
import { featureMasks, type BatchMasks, type MaskingConfig } from "./feature_masks.ts";
import { specAugment, type SpecAugmentConfig } from "./spec_augment.ts";

/** Number of batches read ahead, so that one slow file does not stall training. */
const AHEAD = 4;

export interface TrainingBatch {
  readonly batch: Batch;
  /** Indices of its utterances. */
  readonly indices: readonly number[];
  readonly epoch: number;
}

export interface BatchConfig {
  readonly specAugment: SpecAugmentConfig | null;
  readonly masking: MaskingConfig | null;
  readonly seed: number;
}

/** The model properties that masks depend on. */
type MaskedModel = Pick<CtcModel, "outputFrames"> & { readonly config: { readonly dim: number } };

/** A prepared batch that has not been used yet, and the sampler's state before it. */
interface Prepared {
  readonly before: SamplerState;
  readonly batch: Promise<TrainingBatch>;
}

/**
 * Training batches in the sampler's order, prepared while the device computes: features are fetched and padded, then
 * masked by SpecAugment or, for models that mask their projected features, given masks.
 */
export class TrainingBatches {
  readonly #set: AugmentedSet;
  readonly #sampler: BucketSampler;
  readonly #specAugment: SpecAugmentConfig | null;
  readonly #masking: MaskingConfig | null;
  readonly #model: MaskedModel;
  readonly #seed: number;
  readonly #ahead: Prepared[] = [];

  constructor(
    set: AugmentedSet,
    sampler: BucketSampler,
    { specAugment, masking, seed }: BatchConfig,
    model: MaskedModel,
  ) {
    this.#set = set;
    this.#sampler = sampler;
    this.#specAugment = specAugment;
    this.#masking = masking;
    this.#model = model;
    this.#seed = seed;
  }

  /** Training position: the batch that `next` returns next. Batches prepared ahead do not count. */
  get state(): SamplerState {
    return this.#ahead[0]?.before ?? this.#sampler.state;
  }

  /** @throws UserError if a file can no longer be read */
  async next(): Promise<TrainingBatch> {
    if (this.#ahead.length === 0) this.#prepareOne();
    const batch = await (this.#ahead[0] as Prepared).batch;
    this.#ahead.shift();
    setTimeout(() => this.#fill(), 0); // once the current step is encoded and the host waits for the device
    return batch;
  }

  #fill(): void {
    while (this.#ahead.length < AHEAD) this.#prepareOne();
  }

  #prepareOne(): void {
    const before = this.#sampler.state;
    const batch = this.prepare(this.#sampler.next());
    batch.catch(() => undefined); // thrown by `next`, or irrelevant once training has ended
    this.#ahead.push({ before, batch });
  }

  /** Builds a batch, deterministically. */
  async prepare({ indices, epoch }: Pick<TrainingBatch, "indices" | "epoch">): Promise<TrainingBatch> {
    const { bins } = this.#set;
    const items = await Promise.all(indices.map((index) => this.#set.item(index, epoch)));
    const batch = padBatch(items, bins);
    for (const [row, { frames }] of items.entries()) {
      const start = row * batch.frames * bins;
      const features = batch.features.subarray(start, start + frames * bins);
      if (this.#specAugment)
        specAugment(features, bins, this.#specAugment, [this.#seed, epoch, indices[row] as number]);
    }
    const keys = indices.map((index) => [this.#seed, epoch, index]);
    return {
      batch: { ...batch, masks: this.#masking ? this.#masks(batch, this.#masking, keys) : undefined },
      indices,
      epoch,
    };
  }

  #masks({ lengths, frames }: Batch, masking: MaskingConfig, keys: readonly number[][]): BatchMasks {
    const outputs = Array.from(lengths, (length) => this.#model.outputFrames(length));
    return featureMasks(outputs, this.#model.outputFrames(frames), this.#model.config.dim, masking, keys);
  }
}
