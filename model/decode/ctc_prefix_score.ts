import { logAddExp } from "./ranking.ts";

/** A prefix's forward variables: log-probability of its paths up to each frame that end in its last label, or in a blank. */
export interface CtcPrefix {
  /** Its last label; -1 for the empty prefix. */
  readonly last: number;
  /** `[frames]` each */
  readonly labelEnd: Float64Array;
  readonly blankEnd: Float64Array;
}

/**
 * CTC scores of label sequences that grow one label at a time (Watanabe et al., "Hybrid CTC/attention architecture", 2017,
 * algorithm 2; ESPnet's `CTCPrefixScore`). With y_t(k) the log-probability of class k in frame t and sums of probabilities, the
 * paths of prefix g that a label k can extend in frame t have
 *
 *     φ_t = blankEnd_{t-1}(g) + (k = last of g ? 0 : labelEnd_{t-1}(g))
 *
 * because repeating a label requires a blank in between. Every path whose labelling begins with g·k takes this step once, so
 *
 *     ψ(g·k) = Σ_t φ_t · y_t(k)        the probability that the labelling begins with g·k
 *     P(g)   = labelEnd_T(g) + blankEnd_T(g)        that it is g itself.
 */
export class CtcPrefixScore {
  readonly frames: number;
  readonly #logProbs: Float32Array;
  readonly #vocab: number;
  readonly #blank: number;

  /** @param logProbs `[frames, vocab]` */
  constructor(logProbs: Float32Array, vocab: number, blank: number) {
    this.frames = logProbs.length / vocab;
    this.#logProbs = logProbs;
    this.#vocab = vocab;
    this.#blank = blank;
  }

  /** The empty prefix: all blanks. */
  begin(): CtcPrefix {
    const labelEnd = new Float64Array(this.frames).fill(-Infinity);
    let sum = 0;
    const blankEnd = Float64Array.from({ length: this.frames }, (_, t) => (sum += this.#y(t, this.#blank)));
    return { last: -1, labelEnd, blankEnd };
  }

  /** log P(prefix): that the whole labelling is this one. Without frames, only the empty one is possible. */
  whole({ last, labelEnd, blankEnd }: CtcPrefix): number {
    if (this.frames === 0) return last < 0 ? 0 : -Infinity;
    return logAddExp(labelEnd[this.frames - 1] as number, blankEnd[this.frames - 1] as number);
  }

  /** log ψ(prefix · label): that the labelling begins so. */
  beginning(prefix: CtcPrefix, label: number): number {
    let total = -Infinity;
    for (let t = 0; t < this.frames; t++) total = logAddExp(total, this.#open(prefix, label, t) + this.#y(t, label));
    return total;
  }

  /** The forward variables of prefix · label. */
  extend(prefix: CtcPrefix, label: number): CtcPrefix {
    const labelEnd = new Float64Array(this.frames);
    const blankEnd = new Float64Array(this.frames);
    let [inLabel, inBlank] = [-Infinity, -Infinity];
    for (let t = 0; t < this.frames; t++) {
      const stays = inLabel;
      inLabel = logAddExp(stays, this.#open(prefix, label, t)) + this.#y(t, label);
      inBlank = logAddExp(stays, inBlank) + this.#y(t, this.#blank);
      labelEnd[t] = inLabel;
      blankEnd[t] = inBlank;
    }
    return { last: label, labelEnd, blankEnd };
  }

  /** log φ_t. Before the first frame, only the empty prefix can be extended. */
  #open({ last, labelEnd, blankEnd }: CtcPrefix, label: number, t: number): number {
    if (t === 0) return last < 0 ? 0 : -Infinity;
    const afterBlank = blankEnd[t - 1] as number;
    return label === last ? afterBlank : logAddExp(afterBlank, labelEnd[t - 1] as number);
  }

  #y(t: number, label: number): number {
    return this.#logProbs[t * this.#vocab + label] as number;
  }
}
