// What the page and the worker that speaks say to each other: one request at a time, news while it runs, one answer.
import type { SpokenString } from "../train/protocol.ts";

/** Strings of the corpus that the page's own are the beginning of. */
export interface SpeechOrder {
  /** How many of its training strings come before. */
  readonly from: number;
  readonly count: number;
  /** In Hz. */
  readonly sampleRate: number;
  /** Texts that are left out. */
  readonly keptBack: readonly string[];
}

export interface SpeechRequest extends SpeechOrder {
  /** Of the synthesiser, which is fetched with the first request. */
  readonly address: string;
}

export type SpeechNews =
  /** Bytes of the synthesiser so far; `total` is undefined if the server does not say. */
  | { readonly news: "fetched"; readonly bytes: number; readonly total: number | undefined }
  | { readonly news: "spoken"; readonly done: number };

export type SpeechAnswer =
  | { readonly answer: "strings"; readonly strings: readonly SpokenString[] }
  | { readonly answer: "fault"; readonly message: string };
