/**
 * CTC forced alignment: the most probable path of a text, which assigns frames to labels (Viterbi; Graves et al. 2006 for the lattice).
 *
 * The states of a path are the labels with blanks before, between and after them: blank l1 blank l2 ... lL blank, 2L + 1
 * states. From frame to frame a path stays, advances by one state, or skips the blank between two different labels:
 *
 *     best[t, s] = logProbs[t, class(s)] + max(best[t-1, s], best[t-1, s-1], best[t-1, s-2] if label(s) != label(s-2))
 *
 * A path begins in one of the first two states and ends in one of the last two. Following all states is exact, in O(frames · labels).
 * For an hour of speech (90,000 frames and as many states) this would take gigabytes, so a `window` limits the number of states
 * followed per frame, centred on the best state of the previous frame.
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
 * @param options `window`: number of states to follow per frame; by default all, which is exact
 * @returns null if no path spells the labels: too few frames for the labels (and the blanks between equal neighbours), or no path
 *   within the window
 * @throws RangeError if `logProbs` does not consist of whole frames, or a label is the blank or not a class
 */
export function forcedAlignment(
  logProbs: Float32Array,
  vocab: number,
  labels: ArrayLike<number>,
  { blank = 0, window = Infinity }: { blank?: number; window?: number | undefined } = {},
): ForcedAlignment | null {
  const frames = countFrames("forcedAlignment", logProbs, vocab, blank);
  const states = 2 * labels.length + 1;
  const classes = Int32Array.from({ length: states }, (_, s) => (s % 2 === 0 ? blank : (labels[s >> 1] as number)));
  classes.forEach((label, s) => {
    if (s % 2 === 1 && (!(label >= 0 && label < vocab) || label === blank)) {
      throw new RangeError(
        `forcedAlignment: labels[${s >> 1}] is ${label}, expected a class from 0 to ${vocab - 1} other than the blank, ${blank}`,
      );
    }
  });
  if (frames === 0) return labels.length === 0 ? { spans: [], score: 0 } : null;

  const width = Math.min(states, window);
  const firsts = new Int32Array(frames); // the first state followed in each frame
  const steps = new Uint8Array(frames * width); // by how many states the best path to each of them advanced
  let best = Float64Array.from({ length: width }, (_, s) =>
    s < 2 ? (logProbs[classes[s] as number] as number) : -Infinity,
  );
  for (let t = 1; t < frames; t++) {
    const before = best;
    const left = firsts[t - 1] as number;
    const first = width < states ? centred(left + indexOfGreatest(before), left, width, states) : 0;
    firsts[t] = first;
    best = new Float64Array(width);
    const scoreOf = (s: number): number => (s >= left && s < left + width ? (before[s - left] as number) : -Infinity);
    for (let s = first; s < first + width; s++) {
      let step = 0;
      let score = scoreOf(s);
      if (scoreOf(s - 1) > score) {
        step = 1;
        score = scoreOf(s - 1);
      }
      if (s > 2 && s % 2 === 1 && classes[s] !== classes[s - 2] && scoreOf(s - 2) > score) {
        step = 2;
        score = scoreOf(s - 2);
      }
      steps[t * width + s - first] = step;
      best[s - first] = score + (logProbs[t * vocab + (classes[s] as number)] as number);
    }
  }

  const lastBest = (s: number): number => best[s - (firsts[frames - 1] as number)] ?? -Infinity;
  const last = states - 1;
  const end = last > 0 && lastBest(last - 1) > lastBest(last) ? last - 1 : last;
  const score = lastBest(end);
  if (score === -Infinity) return null;
  return { spans: spansOf(pathTo(end, steps, firsts, width), labels, logProbs, vocab), score };
}

/** Start of a window centred on a state, but not before `left`, since paths never go back, and not past the last state. */
const centred = (state: number, left: number, width: number, states: number): number =>
  Math.min(Math.max(left, state - (width >> 1)), states - width);

function indexOfGreatest(values: Float64Array): number {
  let greatest = 0;
  for (let i = 1; i < values.length; i++) if ((values[i] as number) > (values[greatest] as number)) greatest = i;
  return greatest;
}

/** The state of each frame, by backtracking. */
function pathTo(end: number, steps: Uint8Array, firsts: Int32Array, width: number): Int32Array {
  const path = new Int32Array(firsts.length);
  let state = end;
  for (let t = firsts.length - 1; t >= 0; t--) {
    path[t] = state;
    state -= steps[t * width + state - (firsts[t] as number)] as number;
  }
  return path;
}

function spansOf(path: Int32Array, labels: ArrayLike<number>, logProbs: Float32Array, vocab: number): LabelSpan[] {
  let at = 0;
  return Array.from(labels, (label, i) => {
    const from = path.indexOf(2 * i + 1, at);
    let posteriors = 0;
    for (at = from; path[at] === 2 * i + 1; at++) posteriors += Math.exp(logProbs[at * vocab + label] as number);
    return { label, from, to: at, posteriors };
  });
}
