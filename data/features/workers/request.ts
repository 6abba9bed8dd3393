import type { Cmvn } from "../../../model/features/cmvn.ts";
import type { FrontEndSettings } from "../../../model/features/front_end.ts";
import type { Piece, SampleSpan } from "../../audio/piece.ts";

/** Where an utterance's sound is. */
export interface AudioPart {
  readonly path: string;
  /** Undefined: all of the file. */
  readonly piece: Piece | undefined;
}

/** What all requests to a thread have in common. */
export interface FeatureSettings {
  readonly frontEnd: FrontEndSettings;
  /** Folder of the feature cache; null: none. */
  readonly cache: string | null;
  /** Bytes of the cache's disk that it leaves free; 0 unless given. */
  readonly spareBytes?: number;
}

/** One utterance's features, please. Plain data, since it goes to a thread. */
export interface FeatureRequest extends AudioPart {
  /** Hash of the file's bytes if it is known already; otherwise the file is read to find a cached answer. */
  readonly content: string | null;
  /** Instead of a piece: samples at the front end's rate, as part of all the file, from which they differ by the rounding of the converter. Never cached. */
  readonly span?: SampleSpan | undefined;
  /** 1: as recorded. */
  readonly speed: number;
  readonly noise: (AudioPart & { readonly position: number; readonly snrDb: number }) | null;
  readonly gainDb: number | null;
  /** What to normalise the values with; null: not at all. */
  readonly cmvn: Cmvn | null;
  /**
   * What of it is wanted: the fewer, the less is copied. Of a whole file of more samples than `longest`, only how many there are: its
   * features are not computed. With `longest` nothing is cached.
   */
  readonly want: { readonly values: boolean; readonly statistics: boolean; readonly longest?: number | undefined };
}

export interface FeatureAnswer {
  /** Length of the utterance as recorded, in samples at the front end's rate. */
  readonly samples: number;
  readonly frames: number;
  /** `[frames, bins]`, if wanted and not too long. */
  readonly values: Float32Array | null;
  /** Of the utterance before normalisation, if wanted and not too long. */
  readonly statistics: Cmvn | null;
  /** Hash of the file's bytes, if it was needed. */
  readonly content: string | null;
  /** Where the features came from. "damaged": computed, since what the cache had was no good. */
  readonly origin: "cache" | "computed" | "damaged";
  /** Why they could not be written to the cache. */
  readonly cacheFault: string | null;
}
