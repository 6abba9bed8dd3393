import { UserError } from "../../engine/errors.ts";

/** A part of a recording, in seconds; without a duration it reaches to the end. */
export interface Piece {
  readonly offset: number;
  readonly duration: number | null;
}

/** Times are often rounded to hundredths, and segmentations end a little late: so much too much is passed over. */
const TOLERANCE_SECONDS = 0.1;

/**
 * Cuts a piece out of mono samples: those from `round(offset · rate)` to before `round((offset + duration) · rate)`.
 *
 * @param sampleRate in Hz
 * @param name how messages call the file
 * @throws UserError if the piece starts at or after the recording's end, or ends more than 0.1 s after it
 */
export function cutPiece(samples: Float32Array, sampleRate: number, { offset, duration }: Piece, name: string): Float32Array {
  const start = Math.round(offset * sampleRate);
  const end = duration === null ? samples.length : Math.round((offset + duration) * sampleRate);
  if (start >= samples.length || end > samples.length + TOLERANCE_SECONDS * sampleRate) {
    const piece = duration === null ? `starts at ${seconds(offset)}` : `goes from ${seconds(offset)} to ${seconds(offset + duration)}`;
    throw new UserError(`${name} is ${seconds(samples.length / sampleRate)} long, but the piece ${piece}.`);
  }
  if (end <= start) throw new UserError(`${name}: a piece of ${seconds(duration ?? 0)} has not a single sample at ${sampleRate} Hz.`);
  return samples.slice(start, end);
}

const seconds = (value: number): string => `${Number(value.toFixed(3))} s`;
