import { framesNeeded } from "../../model/ctc_model.ts";

/** What the validation needs to know of an utterance. */
export interface Candidate {
  id: string;
  /** Frames seen by the loss, after subsampling. */
  frames: number;
  labels: ArrayLike<number>;
  /** Duration in seconds according to the manifest; null if not given. */
  duration: number | null;
  /** Whether that is of a piece of the file, which has all of it unless the file ends earlier. */
  isPiece?: boolean;
  /** What the audio file actually contains: samples, and their rate in Hz. */
  samples: number;
  sampleRate: number;
}

export interface Skipped {
  id: string;
  reason: string;
}

export interface Verdict {
  /** Indices of the candidates usable for training. */
  usable: number[];
  skipped: Skipped[];
  warnings: string[];
}

/**
 * Finds, before the first step, utterances that would give an infinite loss: those without frames and those with fewer
 * frames than `framesNeeded`. Also warns of manifest durations that differ from the file's by more than 0.1 s and more
 * than 5 %, a sign of a truncated or wrong file, and of pieces that the end of their file cuts by more than 0.1 s.
 */
export function validateUtterances(candidates: readonly Candidate[]): Verdict {
  const verdict: Verdict = { usable: [], skipped: [], warnings: [] };
  for (const [index, { id, frames, labels, duration, samples, sampleRate, isPiece = false }] of candidates.entries()) {
    const warning = durationWarning(duration, samples, sampleRate, isPiece);
    if (warning !== null) verdict.warnings.push(`${id}: ${warning}`);
    const needed = Math.max(1, framesNeeded(labels));
    if (frames >= needed) {
      verdict.usable.push(index);
    } else {
      const reason = `${frames} frames after subsampling, but CTC needs ${needed} for its ${labels.length} labels`;
      verdict.skipped.push({ id, reason: `too short for its text: ${reason}` });
    }
  }
  return verdict;
}

function durationWarning(
  duration: number | null,
  samples: number,
  sampleRate: number,
  isPiece: boolean,
): string | null {
  const seconds = samples / sampleRate;
  if (duration === null || Math.abs(duration - seconds) <= Math.max(0.1, isPiece ? 0 : 0.05 * duration)) return null;
  if (isPiece && duration > seconds)
    return `the piece ends ${(duration - seconds).toFixed(2)} s after its recording, and is cut there`;
  const expected = Math.round(duration * sampleRate);
  const found = `${samples} samples at ${sampleRate} Hz (${seconds.toFixed(2)} s)`;
  return `wrong sample count: ${found}, the manifest's ${duration.toFixed(2)} s would be ${expected}`;
}

/** `skipped 2 of 100 utterances: a (…), b (…)`, naming at most ten; null if nothing was skipped. */
export function summariseSkipped(skipped: readonly Skipped[], total: number): string | null {
  if (skipped.length === 0) return null;
  const named = skipped.slice(0, 10).map(({ id, reason }) => `${id} (${reason})`);
  const rest = skipped.length - named.length;
  return `skipped ${skipped.length} of ${total} utterances: ${named.join(", ")}${rest > 0 ? `, and ${rest} more` : ""}`;
}
