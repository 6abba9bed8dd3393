import type { Cmvn } from "../../../model/features/cmvn.ts";
import type { FrontEndSettings } from "../../../model/features/front_end.ts";
import type { Piece, SampleSpan } from "../../audio/piece.ts";

/** The location of an utterance's audio. */
export interface AudioPart {
  readonly path: string;
  /** Undefined for the whole file. */
  readonly piece: Piece | undefined;
}

/** Settings shared by all requests to a thread. */
export interface FeatureSettings {
  readonly frontEnd: FrontEndSettings;
  /** Folder of the feature cache; null for none. */
  readonly cache: string | null;
  /** Bytes to leave free on the cache's disk; 0 by default. */
  readonly spareBytes?: number;
}

/** A request for one utterance's features. Plain data, since it is sent to a thread. */
export interface FeatureRequest extends AudioPart {
  /** Hash of the file's bytes if known; otherwise the file is read to look up the cache. */
  readonly content: string | null;
  /**
   * Instead of a piece: a span of samples at the front end's rate, equal to those of the whole file up to the
   * converter's rounding. Never cached.
   */
  readonly span?: SampleSpan | undefined;
  /** 1 for as recorded. */
  readonly speed: number;
  readonly noise: (AudioPart & { readonly position: number; readonly snrDb: number }) | null;
  readonly gainDb: number | null;
  /** Normalisation of the values; null for none. */
  readonly cmvn: Cmvn | null;
  /**
   * The parts of the answer to return; fewer parts mean less copying. For a whole file of more samples than `longest`,
   * only its length is returned and features are not computed. With `longest` nothing is cached.
   */
  readonly want: { readonly values: boolean; readonly statistics: boolean; readonly longest?: number | undefined };
}

export interface FeatureAnswer {
  /** Length of the utterance as recorded, in samples at the front end's rate. */
  readonly samples: number;
  readonly frames: number;
  /** `[frames, bins]`, if wanted and not too long. */
  readonly values: Float32Array | null;
  /** Statistics of the utterance before normalisation, if wanted and not too long. */
  readonly statistics: Cmvn | null;
  /** See `Audio.remarks`; the cache keeps them. */
  readonly remarks: readonly string[];
  /** Hash of the file's bytes, if it was needed. */
  readonly content: string | null;
  /** Origin of the features. "damaged": computed, because the cached ones were damaged. */
  readonly origin: "cache" | "computed" | "damaged";
  /** Why the features could not be written to the cache. */
  readonly cacheFault: string | null;
}
