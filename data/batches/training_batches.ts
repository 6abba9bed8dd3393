import type { CtcModel } from "../../model/ctc_model.ts";
import type { BatchItem } from "../item.ts";
import { emptyBatch, padBatch, type Batch, type LeastPadding } from "./batch.ts";
import type { BucketSampler, SamplerState } from "./sampler.ts";
import { partOf, shareOf, type BatchShare, type Sharing } from "./share.ts";
import { featureMasks, type BatchMasks, type MaskingConfig } from "./feature_masks.ts";
import { specAugment, type SpecAugmentConfig } from "./spec_augment.ts";

/** Number of batches read ahead, so that one slow file does not stall training. */
const AHEAD = 4;

/** A training set as the batches see it. */
export interface TrainingSet {
  readonly utterances: readonly Pick<BatchItem, "labels">[];
  readonly bins: number;
  /** One utterance as it is in an epoch, normalised. */
  item(index: number, epoch: number): Promise<BatchItem>;
}

export interface TrainingBatch {
  readonly batch: Batch;
  /** Indices of its utterances; where several ranks share a batch, of all of them. */
  readonly indices: readonly number[];
  readonly epoch: number;
  /** Undefined where nobody shares the batch. */
  readonly share?: BatchShare;
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
  readonly #set: TrainingSet;
  readonly #sampler: BucketSampler;
  readonly #specAugment: SpecAugmentConfig | null;
  readonly #masking: MaskingConfig | null;
  readonly #model: MaskedModel;
  readonly #seed: number;
  readonly #sharing: Sharing | undefined;
  readonly #ahead: Prepared[] = [];
  /** Batches taken from the sampler; a step's first one comes first. */
  #taken = 0;

  /** @param sharing undefined: this process trains alone, and batches are whole */
  constructor(
    set: TrainingSet,
    sampler: BucketSampler,
    { specAugment, masking, seed }: BatchConfig,
    model: MaskedModel,
    sharing?: Sharing,
  ) {
    this.#set = set;
    this.#sampler = sampler;
    this.#specAugment = specAugment;
    this.#masking = masking;
    this.#model = model;
    this.#seed = seed;
    this.#sharing = sharing;
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
    const sampled = this.#sampler.next();
    const batch = this.#sharing ? this.#prepareShare(sampled, this.#taken++, this.#sharing) : this.prepare(sampled);
    batch.catch(() => undefined); // thrown by `next`, or irrelevant once training has ended
    this.#ahead.push({ before, batch });
  }

  /** Builds this rank's share of the batch that is the `taken`th, counting from 0. */
  async #prepareShare(
    { indices, epoch }: Pick<TrainingBatch, "indices" | "epoch">,
    taken: number,
    sharing: Sharing,
  ): Promise<TrainingBatch> {
    const all = this.#sampler.lengths(epoch);
    const frames = indices.map((index) => all[index] as number);
    const rows = shareOf(indices.length, taken % sharing.parts, sharing);
    const weight = rows.length / indices.length; // a loss is a sum over utterances, divided by their number
    const outputs = frames.map((length) => this.#model.outputFrames(length));
    const tokens = indices.map(
      (index) => (this.#set.utterances[index] as TrainingSet["utterances"][number]).labels.length + 1,
    );
    const share = {
      rows: { before: rows[0] ?? 0, count: rows.length },
      weight,
      frames: partOf(rows, outputs) / weight,
      tokens: partOf(rows, tokens) / weight,
    };
    const own = rows.map((row) => indices[row] as number);
    const least = { frames: Math.max(...frames), labels: Math.max(2, ...tokens) - 1 };
    const batch =
      own.length > 0 ? (await this.prepare({ indices: own, epoch }, least)).batch : emptyBatch(this.#set.bins);
    return { batch, indices, epoch, share };
  }

  /**
   * Builds a batch, deterministically.
   *
   * @param least what to pad to at least
   */
  async prepare(
    { indices, epoch }: Pick<TrainingBatch, "indices" | "epoch">,
    least?: LeastPadding,
  ): Promise<TrainingBatch> {
    const { bins } = this.#set;
    const items = await Promise.all(indices.map((index) => this.#set.item(index, epoch)));
    const batch = padBatch(items, bins, least);
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
