import { UserError } from "../../engine/errors.ts";

/** A part of a recording, in seconds; without a duration it extends to the end. */
export interface Piece {
  readonly offset: number;
  readonly duration: number | null;
}

/** A part of a recording, in samples: from the first to before the last. */
export interface SampleSpan {
  readonly from: number;
  readonly to: number;
}

/** Times are often rounded, and segmentations end a little late: an excess up to this is cut off, as Kaldi's extract-segments does. */
const TOLERANCE_SECONDS = 0.5;

/**
 * The samples of a piece: those from `round(offset · rate)` to before `round((offset + duration) · rate)`, or to the
 * end.
 *
 * @param length length of the recording in samples
 * @param sampleRate in Hz
 * @param name of the file in error messages
 * @throws UserError if the piece starts at or after the recording's end, or ends more than 0.5 s after it
 */
export function pieceSpan(length: number, sampleRate: number, { offset, duration }: Piece, name: string): SampleSpan {
  const from = Math.round(offset * sampleRate);
  const to = duration === null ? length : Math.round((offset + duration) * sampleRate);
  if (from >= length || to > length + TOLERANCE_SECONDS * sampleRate) {
    const piece =
      duration === null
        ? `starts at ${seconds(offset)}`
        : `goes from ${seconds(offset)} to ${seconds(offset + duration)}`;
    throw new UserError(`${name} is ${seconds(length / sampleRate)} long, but the piece ${piece}.`);
  }
  if (to <= from)
    throw new UserError(`${name}: a piece of ${seconds(duration ?? 0)} contains no samples at ${sampleRate} Hz.`);
  return { from, to: Math.min(to, length) };
}

const seconds = (value: number): string => `${Number(value.toFixed(3))} s`;
