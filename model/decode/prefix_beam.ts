/**
 * CTC prefix beam search (Hannun et al. 2014, "First-pass large vocabulary continuous speech
 * recognition using bi-directional recurrent DNNs", algorithm 1; WeNet's `ctc_prefix_beam_search`).
 *
 * Many paths collapse to one labelling, whose probability is their sum. So the beam holds *prefixes*, each with two sums: over its
 * paths that end in a blank, and over those that end in its last label. A frame with log-probability y[k] of class k extends a prefix
 * p with last label c in three ways:
 *
 *     stay, with a blank          blank'(p)   = total(p) + y[blank]
 *     stay, repeating c           label'(p)   = label(p) + y[c]
 *     grow to p·k                 label'(p·k) = y[k] + (k = c ? blank(p) : total(p))
 *
 * In the last line, repeating a label requires a blank in between. Then the `beam` prefixes of highest rank are kept: the rank is the
 * total, plus the fusion score with a language model (fusion.ts).
 *
 * A grown prefix has one parent, so its sum has one term unless it is already in the beam. Only those few need a lookup; any other
 * extension costs one comparison with the worst kept prefix. So that this one is soon a good one, the extensions by the frame's best
 * labels are ranked in advance.
 */
import type { FusedPrefix, Fusion } from "./fusion.ts";
import { countFrames, splitBatch, type Hypothesis } from "./hypothesis.ts";
import { bestClasses, logAddExp, Ranking } from "./ranking.ts";

export interface PrefixBeamOptions {
  /** Number of prefixes to keep after each frame, and the maximum to return. */
  beam: number;
  /** Class of the CTC blank; 0 by default. */
  blank?: number;
  /** Number of best classes to follow in each frame; null, the default, follows all. */
  classesPerFrame?: number | null;
  /** Shallow fusion with a language model; none by default. */
  fusion?: Fusion | null;
}

/** A search result; `score` is from CTC only. */
export interface BeamHypothesis extends Hypothesis {
  /** Unweighted log p_lm of the text and its end; 0 without a language model. */
  readonly lm: number;
  /** The ranking criterion: `score` plus the fusion score. */
  readonly total: number;
}

/** A node in the tree of all prefixes ever kept. A prefix is always the same object, even if it leaves the beam and returns. */
interface Prefix {
  readonly parent: Prefix | null;
  readonly label: number;
  readonly children: Map<number, Prefix>;
  readonly fused: FusedPrefix;
  /** Cached language model states of this prefix's extensions. */
  readonly extensions: Map<number, FusedPrefix>;
  /** Log-probabilities of its paths that end in a blank, of those that end in `label`, and of both together. */
  blankEnd: number;
  labelEnd: number;
  total: number;
  /** The frame before which it was last in the beam; -1 if never. */
  keptAt: number;
}

/** A prefix after the next frame: `label` is null if it stays the same, else the label that extends it. */
interface Step {
  from: Prefix;
  label: number | null;
  blankEnd: number;
  labelEnd: number;
  total: number;
  fused: FusedPrefix;
}

/** Without a language model, the fusion score is 0. */
const UNFUSED: FusedPrefix = { lm: 0, count: 0, score: 0 };
const NO_FUSION: Fusion = { begin: UNFUSED, maxGain: 0, extend: () => UNFUSED, end: () => UNFUSED };

/**
 * The best labellings of one utterance, best first.
 *
 * @param logProbs `[frames, vocab]`
 * @throws RangeError if `logProbs` does not consist of whole frames, or `beam` or `classesPerFrame` is not a positive integer
 */
export function prefixBeamSearch(logProbs: Float32Array, vocab: number, options: PrefixBeamOptions): BeamHypothesis[] {
  const search = new PrefixBeamSearch(logProbs, vocab, options);
  while (!search.done) search.advance();
  return search.found;
}

/** The same, frame by frame. */
export class PrefixBeamSearch {
  readonly #logProbs: Float32Array;
  readonly #vocab: number;
  readonly #blank: number;
  readonly #beam: number;
  readonly #followed: number;
  readonly #fusion: Fusion;
  readonly #frames: number;
  /** A frame's log-probabilities, -inf for classes that are not followed. */
  readonly #y: Float64Array;
  readonly #all: Int32Array;
  #kept: Prefix[];
  #frame = 0;

  /** As `prefixBeamSearch`. */
  constructor(logProbs: Float32Array, vocab: number, options: PrefixBeamOptions) {
    const { beam, blank = 0, classesPerFrame = null } = options;
    this.#frames = countFrames("prefixBeamSearch", logProbs, vocab, blank);
    checkPositive("beam", beam);
    if (classesPerFrame !== null) checkPositive("classesPerFrame", classesPerFrame);
    this.#logProbs = logProbs;
    this.#vocab = vocab;
    this.#blank = blank;
    this.#beam = beam;
    this.#followed = Math.min(classesPerFrame ?? vocab, vocab);
    this.#fusion = options.fusion ?? NO_FUSION;
    this.#y = new Float64Array(vocab);
    this.#all = Int32Array.from(this.#y, (_, k) => k);
    this.#kept = [{ ...newPrefix(null, blank, this.#fusion.begin), blankEnd: 0, total: 0 }];
  }

  get done(): boolean {
    return this.#frame === this.#frames;
  }

  /** The prefixes kept after the last frame, as the language model knows them. */
  get kept(): FusedPrefix[] {
    return this.#kept.map(({ fused }) => fused);
  }

  /** Advances by one frame. */
  advance(): void {
    const t = this.#frame++;
    const frame = this.#logProbs.subarray(t * this.#vocab, this.#frame * this.#vocab);
    const some = this.#followed < this.#vocab;
    const classes = some ? bestClasses(frame, this.#followed) : this.#all;
    if (some) this.#y.fill(-Infinity);
    for (const k of classes) this.#y[k] = frame[k]!;
    this.#kept = advance(this.#kept, t, this.#y, classes, this.#blank, this.#beam, this.#fusion);
  }

  /** The labellings of the frames so far, best first. */
  get found(): BeamHypothesis[] {
    const whole = this.#kept.map((prefix) => ({ prefix, ended: this.#fusion.end(prefix.fused) }));
    const found = whole.map(({ prefix, ended }) => ({
      labels: spell(prefix),
      score: prefix.total,
      lm: ended.lm,
      total: prefix.total + ended.score,
    }));
    return found.sort((a, b) => b.total - a.total); // scoring the sentence end may change their order
  }
}

/**
 * `prefixBeamSearch` for every utterance in a batch.
 *
 * @param shape `[batch, frames, vocab]` of `logProbs`
 * @param lengths real frames of each utterance; padding is not read
 */
export function prefixBeamSearchBatch(
  logProbs: Float32Array,
  shape: readonly [batch: number, frames: number, vocab: number],
  lengths: ArrayLike<number>,
  options: PrefixBeamOptions,
): BeamHypothesis[][] {
  return splitBatch("prefixBeamSearchBatch", logProbs, shape, lengths).map((utterance) =>
    prefixBeamSearch(utterance, shape[2], options),
  );
}

/** Advances by one frame: takes the prefixes kept before it, returns those kept after it, best first. */
function advance(
  kept: readonly Prefix[],
  t: number,
  y: Float64Array,
  classes: Int32Array,
  blank: number,
  beam: number,
  fusion: Fusion,
): Prefix[] {
  const ranking = new Ranking<Step>(beam);
  for (const prefix of kept) prefix.keptAt = t;

  for (const prefix of kept) {
    const blankEnd = prefix.total + y[blank]!;
    let labelEnd = -Infinity;
    if (prefix.parent) {
      labelEnd = prefix.labelEnd + y[prefix.label]!;
      if (prefix.parent.keptAt === t)
        labelEnd = logAddExp(labelEnd, grown(prefix.parent, prefix.label) + y[prefix.label]!);
    }
    const total = logAddExp(blankEnd, labelEnd);
    const { fused } = prefix;
    const rank = total + fused.score;
    if (ranking.admits(rank)) ranking.insert(rank, { from: prefix, label: null, blankEnd, labelEnd, total, fused });
  }

  const { labels, least } = promising(kept, t, y, classes, blank, ranking, fusion);
  let left = labels.length;
  for (const prefix of kept) {
    const maxFused = prefix.fused.score + fusion.maxGain;
    // What cannot extend this prefix cannot extend the next, whose rank is lower: most labels are soon out, before a query of
    // the language model.
    const lowest = Math.max(least, ranking.worst) - prefix.total - maxFused - MARGIN;
    left = keepAbove(lowest, labels, left, y);
    for (let i = 0; i < left; i++) {
      const label = labels[i]!;
      if (label === blank) continue;
      const total = grown(prefix, label) + y[label]!;
      if (total === -Infinity || !ranking.admits(total + maxFused)) continue;
      if (prefix.children.get(label)?.keptAt === t) continue; // counted above, with the child's own paths
      const fused = extended(prefix, label, fusion);
      const rank = total + fused.score;
      if (ranking.admits(rank))
        ranking.insert(rank, { from: prefix, label, blankEnd: -Infinity, labelEnd: total, total, fused });
    }
  }

  // Overwrite the sums only now, because the loops above read those from before the frame.
  const steps = ranking.items;
  const following = steps.map((step) => (step.label === null ? step.from : childOf(step.from, step.label, step.fused)));
  for (let i = 0; i < steps.length; i++) {
    const [prefix, { blankEnd, labelEnd, total }] = [following[i]!, steps[i]!];
    prefix.blankEnd = blankEnd;
    prefix.labelEnd = labelEnd;
    prefix.total = total;
  }
  return following;
}

/** Moves the labels with log-probabilities of `lowest` or more to the front, in their order. Returns their number. */
function keepAbove(lowest: number, labels: Int32Array, count: number, y: Float64Array): number {
  let left = 0;
  for (let i = 0; i < count; i++) if (y[labels[i]!]! >= lowest) labels[left++] = labels[i]!;
  return left;
}

/** Number of a frame's best labels by which each prefix is extended in advance. */
const IN_ADVANCE = 2;

/** Far more than the rounding of the scores, so that no bound excludes what it should not. */
const MARGIN = 1e-6;

/**
 * The classes that may extend a prefix into the beam, in order, and the blank if it is as likely; and a score that no kept prefix
 * will be below: that of the worst of the best so far, if the best labels' extensions were among them.
 */
function promising(
  kept: readonly Prefix[],
  t: number,
  y: Float64Array,
  classes: Int32Array,
  blank: number,
  ranking: Ranking<Step>,
  fusion: Fusion,
): { labels: Int32Array; least: number } {
  let best = -Infinity;
  for (const { total, fused } of kept) best = Math.max(best, total + fused.score);
  const lowest = ranking.worst - best - fusion.maxGain - MARGIN;
  const possible = classes.slice();
  const labels = possible.subarray(0, keepAbove(lowest, possible, possible.length, y));
  const first = new Ranking<number>(IN_ADVANCE);
  for (const label of labels) if (label !== blank && first.admits(y[label]!)) first.insert(y[label]!, label);
  const scores = ranking.scores();
  for (const prefix of kept)
    for (const label of first.items) {
      const total = grown(prefix, label) + y[label]!;
      if (!scores.admits(total + prefix.fused.score + fusion.maxGain)) continue;
      if (prefix.children.get(label)?.keptAt === t) continue;
      scores.insert(total + extended(prefix, label, fusion).score, null);
    }
  return { labels, least: scores.worst - MARGIN };
}

/** Log-probability of the prefix's paths that `label` can extend as a new label. */
function grown(prefix: Prefix, label: number): number {
  return prefix.parent && prefix.label === label ? prefix.blankEnd : prefix.total;
}

function extended({ fused, extensions }: Prefix, label: number, fusion: Fusion): FusedPrefix {
  if (fusion === NO_FUSION) return UNFUSED;
  const known = extensions.get(label);
  if (known) return known;
  const extension = fusion.extend(fused, label);
  extensions.set(label, extension);
  return extension;
}

function childOf(prefix: Prefix, label: number, fused: FusedPrefix): Prefix {
  const known = prefix.children.get(label);
  if (known) return known;
  const child = newPrefix(prefix, label, fused);
  prefix.children.set(label, child);
  return child;
}

const newPrefix = (parent: Prefix | null, label: number, fused: FusedPrefix): Prefix => ({
  parent,
  label,
  fused,
  extensions: new Map(),
  children: new Map(),
  blankEnd: -Infinity,
  labelEnd: -Infinity,
  total: -Infinity,
  keptAt: -1,
});

function spell(prefix: Prefix): Int32Array {
  const labels: number[] = [];
  for (let node = prefix; node.parent; node = node.parent) labels.push(node.label);
  return Int32Array.from(labels.reverse());
}

function checkPositive(name: string, value: number): void {
  if (!Number.isInteger(value) || value < 1)
    throw new RangeError(`prefixBeamSearch: ${name} is ${value}, expected a positive integer`);
}
