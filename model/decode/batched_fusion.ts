import type { Tape } from "../../engine/tape.ts";
import type { Tensor } from "../../engine/tensor.ts";
import type { FusedPrefix, Fusion } from "./fusion.ts";

/** Texts that the device is reading. */
export interface BeingRead {
  /** `[texts, vocabulary]` */
  readonly logProbs: Tensor;
  /** Takes the values of `logProbs`. */
  take(values: Float32Array): void;
}

/** Shallow fusion with a language model that computes on a device, for many prefixes at once. */
export interface BatchedFusion {
  /** For one search, of one or several utterances. */
  start(): ReadingFusion;
}

/**
 * A fusion that must read a prefix before the prefix is extended or ended: the caller asks for all that its beams have kept, runs what
 * `read` encodes, and gives back the values.
 */
export interface ReadingFusion extends Fusion {
  /** Encodes the reading of those that are not read yet; undefined if all are. Prefixes that are not given are forgotten. */
  read(tape: Tape, prefixes: Iterable<FusedPrefix>): BeingRead | undefined;
  /** Whether `read` has anything to do for these. */
  awaits(prefixes: Iterable<FusedPrefix>): boolean;
  /** Frees the device memory. */
  release(): void;
}

/** An n-gram model's, or one that is asked in batches. */
export type AnyFusion = Fusion | BatchedFusion;

export const isBatched = (fusion: AnyFusion | null | undefined): fusion is BatchedFusion =>
  fusion != null && "start" in fusion;
