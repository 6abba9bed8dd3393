import { hash } from "../../engine/random.ts";
import type { BatchItem } from "../item.ts";
import type { Dataset, Utterance } from "../dataset.ts";
import type { FeatureSource } from "../features/feature_source.ts";
import { framesNeeded } from "../../model/ctc_model.ts";
import type { AudioPart } from "../features/workers/request.ts";
import { drawChanges, drawSpeed, type AugmentConfig } from "./draw.ts";
import { samplesAtSpeed } from "../audio/waveform.ts";

export interface AugmentedSetOptions {
  /** Null leaves the utterances unchanged. */
  readonly augment: AugmentConfig | null;
  /** The recordings of the noise manifest, if noise is added. */
  readonly noises: readonly AudioPart[];
  readonly seed: number;
  /** Number of output frames of the model for a number of feature frames. */
  readonly outputFrames: (frames: number) => number;
}

/**
 * A set as training sees it: in each epoch, every utterance with waveform changes drawn for that epoch. The draws
 * depend only on the seed, the epoch and the utterance's index in the set.
 */
export class AugmentedSet {
  readonly utterances: readonly Utterance[];
  readonly bins: number;
  readonly #set: Dataset;
  readonly #source: FeatureSource;
  readonly #options: AugmentedSetOptions;
  /** Features kept in memory, by speed and utterance; those at speed 1 are the set's own. */
  readonly #kept = new Map<string, Float32Array>();

  constructor(set: Dataset, source: FeatureSource, options: AugmentedSetOptions) {
    this.utterances = set.utterances;
    this.bins = set.bins;
    this.#set = set;
    this.#source = source;
    this.#options = options;
  }

  /** Frames of each utterance in an epoch, which differ from the set's where its speed is changed. */
  lengths(epoch: number): number[] {
    const { augment, seed } = this.#options;
    return this.utterances.map((utterance, i) =>
      augment?.speed
        ? this.#framesAt(utterance, drawSpeed(augment, hash(seed, epoch, i), this.#fits(utterance)))
        : utterance.frames,
    );
  }

  /** Every utterance with the most frames it can have in any epoch, for memory planning. */
  longest(): { readonly frames: number; readonly labels: Int32Array }[] {
    const slowest = Math.min(1, ...(this.#options.augment?.speed ?? []));
    return this.utterances.map((utterance) => ({
      frames: this.#framesAt(utterance, slowest),
      labels: utterance.labels,
    }));
  }

  /** One utterance as augmented in an epoch, normalised. */
  async item(index: number, epoch: number): Promise<BatchItem> {
    const utterance = this.utterances[index] as Utterance;
    const features = await this.#features(utterance, index, epoch);
    return { features, frames: features.length / this.bins, labels: utterance.labels };
  }

  async #features(utterance: Utterance, index: number, epoch: number): Promise<Float32Array> {
    const { augment, noises, seed } = this.#options;
    const changes = augment && drawChanges(augment, [seed, epoch, index], noises.length, this.#fits(utterance));
    const isChanged = changes && (changes.noise !== null || changes.gainDb !== null);
    if (!changes || (changes.speed === 1 && !isChanged))
      return typeof utterance.features === "function" ? utterance.features() : utterance.features;

    const key = `${changes.speed} ${index}`;
    const kept = isChanged ? undefined : this.#kept.get(key);
    if (kept) return kept;
    const { speed, gainDb } = changes;
    const noise = changes.noise && { ...(noises[changes.noise.recording] as AudioPart), ...changes.noise };
    const { values } = await this.#source.get({
      ...(this.#set.audio[index] as AudioPart),
      speed,
      gainDb,
      noise,
      cmvn: this.#set.cmvn,
    });
    const features = values as Float32Array;
    if (!isChanged && this.#source.memory.keep(features)) this.#kept.set(key, features);
    return features;
  }

  /** Whether CTC can still align the utterance at a speed. */
  #fits(utterance: Utterance): (speed: number) => boolean {
    return (speed) =>
      this.#options.outputFrames(this.#framesAt(utterance, speed)) >= Math.max(1, framesNeeded(utterance.labels));
  }

  #framesAt({ seconds, frames }: Utterance, speed: number): number {
    if (speed === 1) return frames;
    const { frameCount, sampleRate } = this.#source.frontEnd;
    return frameCount(samplesAtSpeed(Math.round(seconds * sampleRate), sampleRate, speed));
  }
}
