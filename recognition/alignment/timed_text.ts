import type { ForcedAlignment, LabelSpan } from "../../model/decode/forced_alignment.ts";
import type { CtcModel } from "../../model/ctc_model.ts";
import type { FrontEnd } from "../../model/features/front_end.ts";
import type { Units } from "../../model/units/units.ts";

/** A word or unit with its time span. */
export interface TimedText {
  readonly text: string;
  /** Seconds from the start of the utterance. */
  readonly start: number;
  readonly end: number;
  /** Mean posterior, 0 to 1, of its labels over their own frames; blanks between them do not count. */
  readonly confidence: number;
}

/** An utterance's words, and the units that spell them. */
export interface TimedUtterance {
  readonly words: readonly TimedText[];
  readonly units: readonly TimedText[];
}

/** Start time of an output frame, in seconds from the start of the utterance. */
export type FrameTime = (frame: number) => number;

/**
 * Output frame t starts at t · shift · stride, and lasts until the next one. That is the start of what it sees: the
 * first layers of a Conformer see the following 6 feature shifts and one feature window (85 ms at 10 ms and 25 ms),
 * those of wav2vec 2.0 the following 25 ms. CTC may emit a label anywhere in or after its sound, often in a single
 * frame, so times are those of the model's peaks, not of phone boundaries.
 */
export function frameTime(
  { stride }: Pick<CtcModel, "stride">,
  { sampleRate, frameShift }: Pick<FrontEnd, "sampleRate" | "frameShift">,
): FrameTime {
  const samples = stride * frameShift;
  return (frame) => (frame * samples) / sampleRate;
}

/**
 * Times of the words and units of an alignment. A word lasts from the first frame of its first label to the last frame
 * of its last label.
 */
export function timedUtterance({ spans }: ForcedAlignment, units: Units, timeOf: FrameTime): TimedUtterance {
  const timed = (text: string, part: readonly LabelSpan[]): TimedText => {
    const frames = part.reduce((sum, { from, to }) => sum + to - from, 0);
    return {
      text,
      start: timeOf((part[0] as LabelSpan).from),
      end: timeOf((part.at(-1) as LabelSpan).to),
      confidence: part.reduce((sum, { posteriors }) => sum + posteriors, 0) / frames,
    };
  };
  const labels = spans.map(({ label }) => label);
  return {
    words: units.wordsOf(labels).map(({ word, from, to }) => timed(word, spans.slice(from, to))),
    units: spans.map((span) => timed(units.piece(span.label).text, [span])),
  };
}
