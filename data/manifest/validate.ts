/** What must be known of an utterance to judge it. */
export interface Candidate {
  id: string;
  /** Frames that the loss sees, after subsampling. */
  frames: number;
  labels: ArrayLike<number>;
  /** Seconds by the manifest; null if it says nothing. */
  duration: number | null;
  /** What the audio file really holds: samples, and their rate in Hz. */
  samples: number;
  sampleRate: number;
}

export interface Skipped {
  id: string;
  reason: string;
}

export interface Verdict {
  /** Indices of the candidates that can be trained on. */
  usable: number[];
  skipped: Skipped[];
  warnings: string[];
}

/**
 * The fewest frames in which CTC can emit the labels: one each, and a blank between equal neighbours, which would be
 * merged otherwise.
 */
export function framesNeeded(labels: ArrayLike<number>): number {
  let needed = labels.length;
  for (let i = 1; i < labels.length; i++) if (labels[i] === labels[i - 1]) needed++;
  return needed;
}

/**
 * Finds, before the first step, the utterances that would give an infinite loss: those without a frame and those with
 * fewer frames than `framesNeeded`. And warns of manifest durations that differ from the file's by more than 0.1 s and
 * by more than 5 %, a sign of a truncated file or of the wrong one.
 */
export function validateUtterances(candidates: readonly Candidate[]): Verdict {
  const verdict: Verdict = { usable: [], skipped: [], warnings: [] };
  for (const [index, { id, frames, labels, duration, samples, sampleRate }] of candidates.entries()) {
    const seconds = samples / sampleRate;
    if (duration !== null && Math.abs(duration - seconds) > Math.max(0.1, 0.05 * duration)) {
      const expected = Math.round(duration * sampleRate);
      const found = `${samples} samples at ${sampleRate} Hz (${seconds.toFixed(2)} s)`;
      verdict.warnings.push(
        `${id}: wrong sample count: ${found}, the manifest's ${duration.toFixed(2)} s would be ${expected}`,
      );
    }
    const needed = Math.max(1, framesNeeded(labels));
    if (frames >= needed) {
      verdict.usable.push(index);
    } else {
      const reason = `${frames} frames after subsampling, CTC needs ${needed} for its ${labels.length} labels`;
      verdict.skipped.push({ id, reason: `too short for its text: ${reason}` });
    }
  }
  return verdict;
}

/** `skipped 2 of 100 utterances: a (…), b (…)`, naming ten at most; null if nothing was skipped. */
export function summarizeSkipped(skipped: readonly Skipped[], total: number): string | null {
  if (skipped.length === 0) return null;
  const named = skipped.slice(0, 10).map(({ id, reason }) => `${id} (${reason})`);
  const rest = skipped.length - named.length;
  return `skipped ${skipped.length} of ${total} utterances: ${named.join(", ")}${rest > 0 ? `, and ${rest} more` : ""}`;
}
