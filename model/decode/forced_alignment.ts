/**
 * The most probable CTC path of a text: which frame speaks which label (Viterbi; Graves et al. 2006 for the lattice).
 *
 * The states of a path are the labels with blanks before, between and behind them: blank l1 blank l2 ... lL blank, 2L + 1
 * states. From frame to frame a path stays, goes on by one state, or leaves out the blank between two labels that differ:
 *
 *     best[t, s] = logProbs[t, class(s)] + max(best[t-1, s], best[t-1, s-1], best[t-1, s-2] if label(s) != label(s-2))
 *
 * It begins in one of the first two states and ends in one of the last two. Exact, in O(frames · labels).
 */
import { countFrames } from "./hypothesis.ts";

/** One label of the text and its frames, `from` to `to - 1`; blanks lie between spans. */
export interface LabelSpan {
  readonly label: number;
  readonly from: number;
  readonly to: number;
  /** Sum over its frames of p(label | frame), 0 to 1 each. */
  readonly posteriors: number;
}

export interface ForcedAlignment {
  readonly spans: readonly LabelSpan[];
  /** Log-probability of the path. */
  readonly score: number;
}

/**
 * Aligns one utterance with its labels.
 *
 * @param logProbs `[frames, vocab]`
 * @param labels classes without blanks
 * @returns null if no path spells the labels: fewer frames than labels (and blanks between equal neighbours) need
 * @throws RangeError if `logProbs` is not made of whole frames, or a label is the blank or no class
 */
export function forcedAlignment(logProbs: Float32Array, vocab: number, labels: ArrayLike<number>, { blank = 0 }: { blank?: number } = {}): ForcedAlignment | null {
  const frames = countFrames("forcedAlignment", logProbs, vocab, blank);
  const states = 2 * labels.length + 1;
  const classes = Int32Array.from({ length: states }, (_, s) => (s % 2 === 0 ? blank : (labels[s >> 1] as number)));
  classes.forEach((label, s) => {
    if (s % 2 === 1 && (!(label >= 0 && label < vocab) || label === blank)) {
      throw new RangeError(`forcedAlignment: labels[${s >> 1}] is ${label}, expected a class from 0 to ${vocab - 1} other than the blank, ${blank}`);
    }
  });
  if (frames === 0) return labels.length === 0 ? { spans: [], score: 0 } : null;

  const steps = new Uint8Array(frames * states); // by how many states the best path to [t, s] went on
  let best = Float64Array.from(classes, (k, s) => (s < 2 ? (logProbs[k] as number) : -Infinity));
  for (let t = 1; t < frames; t++) {
    const before = best;
    best = new Float64Array(states);
    for (let s = 0; s < states; s++) {
      let [step, score] = [0, before[s] as number];
      if (s > 0 && (before[s - 1] as number) > score) [step, score] = [1, before[s - 1] as number];
      if (s > 2 && s % 2 === 1 && classes[s] !== classes[s - 2] && (before[s - 2] as number) > score) [step, score] = [2, before[s - 2] as number];
      steps[t * states + s] = step;
      best[s] = score + (logProbs[t * vocab + (classes[s] as number)] as number);
    }
  }

  const last = states - 1;
  const end = last > 0 && (best[last - 1] as number) > (best[last] as number) ? last - 1 : last;
  const score = best[end] as number;
  if (score === -Infinity) return null;
  return { spans: spansOf(pathTo(end, steps, frames, states), labels, logProbs, vocab), score };
}

/** The state of each frame, found backwards. */
function pathTo(end: number, steps: Uint8Array, frames: number, states: number): Int32Array {
  const path = new Int32Array(frames);
  let state = end;
  for (let t = frames - 1; t >= 0; t--) {
    path[t] = state;
    state -= steps[t * states + state] as number;
  }
  return path;
}

function spansOf(path: Int32Array, labels: ArrayLike<number>, logProbs: Float32Array, vocab: number): LabelSpan[] {
  return Array.from(labels, (label, i) => {
    const from = path.indexOf(2 * i + 1);
    const to = path.lastIndexOf(2 * i + 1) + 1;
    let posteriors = 0;
    for (let t = from; t < to; t++) posteriors += Math.exp(logProbs[t * vocab + label] as number);
    return { label, from, to, posteriors };
  });
}
