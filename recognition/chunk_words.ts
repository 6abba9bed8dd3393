/**
 * A decoder searches a long recording chunk by chunk, since it hears all of what it writes about at once. Neighbouring
 * chunks overlap, so what is said there is found twice, and where the recording is cut decides which one is taken:
 *
 *     chunk 0   [so they went to the ri|]
 *     chunk 1                 [o the |river and swam]
 *     kept       so they went to the  river and swam
 *
 * CTC says in which frames each word is spoken, by the forced alignment of the chunk's text. The cut is in the longest
 * pause between words that both chunks agree on (ties: nearest the middle of the overlap), within the middle half of
 * the overlap, since both know little about what is near their ends. Words before it are the first chunk's, those after
 * it the second's. If words cover every frame there, the cut is beside the one in the middle: behind the first chunk's,
 * or before the second's.
 */
import { forcedAlignment, type LabelSpan } from "../model/decode/forced_alignment.ts";
import type { CtcModel } from "../model/ctc_model.ts";
import type { Units } from "../model/units/units.ts";
import { timedUtterance, type TimedText } from "./alignment/timed_text.ts";

/** What was found in a chunk. All times are frames, from the start of the recording. */
export interface ChunkWords {
  /** The chunk's frames, `from` to before `to`. */
  readonly from: number;
  readonly to: number;
  readonly words: readonly TimedText[];
  /** Whether CTC aligned them; if not, they are spread over the chunk, and their times mean nothing. */
  readonly aligned: boolean;
}

/**
 * The words of a chunk's text, by its forced alignment.
 *
 * @param logProbs of the chunk, `[frames, vocab]`
 * @param from     its first frame in the recording
 */
export function wordsOfChunk(
  logProbs: Float32Array,
  labels: Int32Array,
  { config: { vocabulary, blank } }: Pick<CtcModel, "config">,
  units: Units,
  from: number,
): ChunkWords {
  const frames = logProbs.length / vocabulary;
  const alignment = forcedAlignment(logProbs, vocabulary, labels, { blank });
  const spans = alignment?.spans ?? evenly(labels, frames);
  const { words } = timedUtterance({ spans, score: 0 }, units, (frame) => from + frame);
  return { from, to: from + frames, words, aligned: alignment !== null };
}

/** A decoder alone may write what CTC has no path for, such as more labels than there are frames. */
const evenly = (labels: Int32Array, frames: number): LabelSpan[] =>
  Array.from(labels, (label, i) => ({
    label,
    from: Math.floor((i * frames) / labels.length),
    to: Math.floor(((i + 1) * frames) / labels.length),
    posteriors: 0,
  }));

/** The words of a recording from those of its chunks, in order. */
export function joinWords(chunks: readonly ChunkWords[]): TimedText[] {
  const cuts = chunks.slice(1).reduce(
    (found, after, i) => {
      const before = chunks[i] as ChunkWords;
      return [...found, cutBetween(before, after, found.at(-1) as number)];
    },
    [-Infinity],
  );
  cuts.push(Infinity);
  return chunks.flatMap(({ words }, i) =>
    words.filter(({ start, end }) => {
      const middle = (start + end) / 2;
      return middle >= (cuts[i] as number) && middle < (cuts[i + 1] as number);
    }),
  );
}

/** The frame before which `before`'s words are taken, from `least` on. */
function cutBetween(before: ChunkWords, after: ChunkWords, least: number): number {
  const words = [...before.words, ...after.words];
  const [first, last] = [after.from, Math.max(after.from, before.to)];
  const margin = Math.floor((last - first) / 4);
  const middle = (first + last) / 2;
  let best = Math.max(last - margin, least);
  let widest = -Infinity;
  for (let cut = Math.max(first + margin, least); cut <= last - margin; cut++) {
    const pause = Math.min(...words.map((word) => distance(cut, word)));
    if (pause < widest || (pause === widest && Math.abs(cut - middle) >= Math.abs(best - middle))) continue;
    [best, widest] = [cut, pause];
  }
  if (widest >= 0) return best;
  const covers = ({ start, end }: TimedText): boolean => start < middle && middle < end;
  return Math.max(before.words.find(covers)?.end ?? after.words.find(covers)?.start ?? best, least);
}

/** Frames between a cut and a word; -1 if it cuts the word. */
const distance = (cut: number, { start, end }: TimedText): number =>
  cut <= start ? start - cut : cut >= end ? cut - end : -1;
