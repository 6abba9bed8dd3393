import { forcedAlignment } from "../model/decode/forced_alignment.ts";
import type { JointHypothesis } from "../model/decode/joint_search.ts";
import type { BeamHypothesis } from "../model/decode/prefix_beam.ts";
import type { Units } from "../model/units/units.ts";
import { frameTime, timedUtterance, type TimedText } from "./alignment/timed_text.ts";
import type { AudioFile } from "./audio_files.ts";
import { joinWords, type ChunkWords } from "./chunk_words.ts";
import { hypothesisText } from "./recognise.ts";
import type { Recogniser } from "./recogniser.ts";

/** A text found by the search, with the scores it is ranked by; natural logarithms. */
export interface RankedText {
  readonly text: string;
  /** log p_ctc; for greedy decoding, of the single best path. Left out if a decoder searched alone. */
  readonly ctc?: number;
  /** log p_attention of the text and its end, if a decoder took part. */
  readonly attention?: number;
  /** log p_lm, unweighted. */
  readonly lm: number;
  /**
   * The ranking score: ctc + weight · lm + bonus · words; with a decoder, λ · ctc + (1 - λ) · attention in place of
   * ctc, and the length bonus.
   */
  readonly total: number;
}

export interface Transcript {
  readonly file: string;
  readonly text: string;
  readonly depth: number;
  /** Length of the audio. */
  readonly seconds: number;
  /** The text's `ctc`, or its `attention` if a decoder searched alone. Left out if a decoder searched chunk by chunk. */
  readonly logProbability?: number;
  /**
   * Omitted if CTC cannot align the text: the forced alignment of a long file loses every path within its window, or a
   * decoder wrote what CTC has no path for.
   */
  readonly words?: readonly TimedText[];
  readonly nbest?: readonly RankedText[];
}

export interface TranscriptOptions {
  /** Maximum number of distinct texts per file; only the best by default. */
  readonly nbest?: number | undefined;
  /** Include when each word is spoken, by the forced alignment of CTC. */
  readonly timestamps?: boolean | undefined;
}

/** A hypothesis of any search. */
export type Found = { readonly labels: Int32Array } & Omit<RankedText, "text">;

export const foundByCtc = ({ labels, score: ctc, lm, total }: BeamHypothesis): Found => ({ labels, ctc, lm, total });

/** @param alone whether the decoder searched without CTC */
export const foundByDecoder =
  (alone: boolean) =>
  ({ labels, score: total, ctc, attention, lm }: JointHypothesis): Found => ({
    labels,
    ...(!alone && { ctc }),
    attention,
    lm,
    total,
  });

/** Of audio in which no sequence is possible. */
const NOTHING: Found = { labels: new Int32Array(), ctc: -Infinity, lm: 0, total: -Infinity };

/**
 * The transcript of a file that was searched as a whole.
 *
 * @param logProbs   `[frames, vocab]`
 * @param hypotheses best first
 * @param window     of the forced alignment, in states; all of them if left out
 */
export function transcriptOf(
  { file, seconds }: AudioFile,
  logProbs: Float32Array,
  hypotheses: readonly Found[],
  { model, units, frontEnd }: Recogniser,
  depth: number,
  { nbest, timestamps }: TranscriptOptions,
  window?: number,
): Transcript {
  const { vocabulary, blank } = model.config;
  const [{ labels, ctc, attention } = NOTHING] = hypotheses;
  const alignment = timestamps ? forcedAlignment(logProbs, vocabulary, labels, { blank, window }) : undefined;
  return {
    file,
    text: hypothesisText(labels, units),
    depth,
    seconds,
    logProbability: (ctc ?? attention) as number,
    ...(alignment && { words: timedUtterance(alignment, units, frameTime(model, frontEnd)).words }),
    ...(nbest !== undefined && { nbest: distinctTexts(hypotheses, units).slice(0, nbest) }),
  };
}

/** The transcript of a file whose chunks a decoder searched one by one. */
export function transcriptOfChunks(
  { file, seconds }: AudioFile,
  chunks: readonly ChunkWords[],
  { model, frontEnd }: Recogniser,
  depth: number,
  { timestamps }: TranscriptOptions,
): Transcript {
  const timeOf = frameTime(model, frontEnd);
  const words = joinWords(chunks);
  return {
    file,
    text: words.map(({ text }) => text).join(" "),
    depth,
    seconds,
    ...(timestamps &&
      chunks.every(({ aligned }) => aligned) && {
        words: words.map((word) => ({ ...word, start: timeOf(word.start), end: timeOf(word.end) })),
      }),
  };
}

/** The distinct texts; labellings that differ only in spaces are one text, represented by the best. */
function distinctTexts(found: readonly Found[], units: Units): RankedText[] {
  const byText = new Map<string, RankedText>();
  for (const { labels, ...scores } of found) {
    const text = hypothesisText(labels, units);
    if (!byText.has(text)) byText.set(text, { text, ...scores });
  }
  return [...byText.values()];
}
