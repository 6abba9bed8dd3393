import type { Vocabulary } from "./vocabulary.ts";

export type FaultKind =
  "unreadable" | "too short" | "unknown character" | "special token" | "duplicate" | "silent" | "wrong duration";

/** An utterance that should be corrected or removed. */
export interface Fault {
  readonly kind: FaultKind;
  readonly id: string;
  /** The manifest line. */
  readonly source: string;
  readonly reason: string;
}

/** What was decided or left out when an utterance's file was read, such as bytes that are no sound. */
export interface RecordingRemark extends Omit<Fault, "kind" | "reason"> {
  readonly remark: string;
}

/** In seconds: the shortest, percentiles (nearest rank), the longest. */
export interface Durations {
  readonly min: number;
  readonly p5: number;
  readonly p25: number;
  readonly median: number;
  readonly p75: number;
  readonly p95: number;
  readonly max: number;
}

/** What `unfold data check --json` prints. */
export interface DataReport {
  readonly manifest: string;
  readonly utterances: number;
  /** Only of readable utterances. */
  readonly hours: number;
  readonly speakers: number;
  /** Null if no utterance can be read. */
  readonly durations: Durations | null;
  readonly sampleRates: readonly { readonly hz: number; readonly utterances: number }[];
  readonly vocabulary: Vocabulary;
  /** The classes used to check the texts, including the blank. */
  readonly units: { readonly kind: string; readonly size: number };
  readonly faults: readonly Fault[];
  /** What reading an audio file had to decide or leave out, each at the first utterance of the file. */
  readonly recordings: readonly RecordingRemark[];
  /** Not faults but worth knowing, one sentence each. */
  readonly remarks: readonly string[];
}

/** @param seconds in any order; null if there are none */
export function durationsOf(seconds: readonly number[]): Durations | null {
  if (seconds.length === 0) return null;
  const sorted = [...seconds].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] as number;
  return { min: at(0), p5: at(0.05), p25: at(0.25), median: at(0.5), p75: at(0.75), p95: at(0.95), max: at(1) };
}
