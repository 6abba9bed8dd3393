import { CtcPrefixScore, type CtcPrefix } from "./ctc_prefix_score.ts";
import type { FusedPrefix, Fusion } from "./fusion.ts";
import type { Hypothesis } from "./hypothesis.ts";
import { bestClasses, Ranking } from "./ranking.ts";

export interface JointSearchOptions {
  /** Number of hypotheses kept after each token, and the maximum to return. */
  readonly beam: number;
  /** λ, the share of CTC in a score; 0 is the decoder alone. */
  readonly ctcWeight: number;
  /** Added per label. */
  readonly lengthBonus?: number;
  /** Maximum number of labels; the utterance's frames by default. */
  readonly maxLength?: number;
  /** Number of each hypothesis's next labels, the best without CTC, that CTC scores; half as many again as `beam` by default. */
  readonly preBeam?: number;
  /** Shallow fusion with a language model; none by default. */
  readonly fusion?: Fusion | null;
}

/** An utterance as the encoder and CTC leave it. */
export interface JointUtterance {
  /** CTC's `[frames, vocab]`. The last class starts and ends a sentence. */
  readonly logProbs: Float32Array;
  readonly vocab: number;
  readonly blank: number;
}

export interface JointHypothesis extends Hypothesis {
  /** The unweighted parts of `score`, log P(labels, end) of the decoder and log P(labels) of CTC (0 if λ is 0). */
  readonly attention: number;
  readonly ctc: number;
  /** Unweighted log-probability of the language model; 0 without one. */
  readonly lm: number;
}

/** A sequence in the beam. `score` ranks it: its parts with their weights. */
interface Partial {
  readonly labels: readonly number[];
  readonly attention: number;
  readonly prefix: CtcPrefix | null;
  readonly fused: FusedPrefix | null;
  readonly score: number;
  /** The place in the beam before, of the hypothesis that it extends. */
  readonly parent: number;
}

/** A hypothesis is hopeless that is so much less likely than the best one, and the search ends after three such lengths, as in ESPnet. */
const HOPELESS = 10;
const HOPELESS_LENGTHS = 3;

/**
 * Joint CTC/attention beam search of one utterance, label by label (Watanabe et al., 2017, section IV-B; ESPnet's `BeamSearch`).
 * The score of labels c is
 *
 *     λ · log P_ctc(c) + (1 - λ) · log P_attention(c, end) + bonus · labels + language model
 *
 * where for unfinished hypotheses CTC gives the probability that the labelling begins so. The caller runs the decoder:
 * `JointSearch` says which tokens it should read next, and `advance` takes what the decoder says then.
 */
export class JointSearch {
  readonly #options: Required<JointSearchOptions>;
  readonly #ctc: CtcPrefixScore | null;
  readonly #vocab: number;
  readonly #blank: number;
  #active: readonly Partial[];
  readonly #ended: JointHypothesis[] = [];
  /** Best score of the sequences that ended with each number of labels. */
  readonly #bestOfLength: number[] = [];

  constructor({ logProbs, vocab, blank }: JointUtterance, options: JointSearchOptions) {
    const { beam, ctcWeight } = options;
    if (!Number.isInteger(beam) || beam < 1) throw new RangeError(`JointSearch: beam is ${beam}, expected 1 or more`);
    if (!(ctcWeight >= 0 && ctcWeight <= 1))
      throw new RangeError(`JointSearch: ctcWeight is ${ctcWeight}, expected a number from 0 to 1`);
    this.#options = {
      lengthBonus: 0,
      maxLength: logProbs.length / vocab,
      preBeam: Math.ceil(1.5 * beam),
      fusion: null,
      ...options,
    };
    this.#ctc = ctcWeight > 0 ? new CtcPrefixScore(logProbs, vocab, blank) : null;
    this.#vocab = vocab;
    this.#blank = blank;
    const { fusion } = this.#options;
    this.#active = [
      {
        labels: [],
        attention: 0,
        prefix: this.#ctc && this.#ctc.begin(),
        fused: fusion && fusion.begin,
        score: 0,
        parent: 0,
      },
    ];
  }

  get done(): boolean {
    return this.#active.length === 0;
  }

  /** What the decoder should read next, in each place of the beam: the last token, and whose history it continues. */
  get reading(): readonly { readonly token: number; readonly parent: number }[] {
    return this.#active.map(({ labels, parent }) => ({ token: labels.at(-1) ?? this.#vocab - 1, parent }));
  }

  /** The same hypotheses as the language model knows them; none without one. */
  get kept(): FusedPrefix[] {
    return this.#active.flatMap(({ fused }) => fused ?? []);
  }

  /** The finished hypotheses, best first. Empty only if no sequence is possible. */
  get found(): JointHypothesis[] {
    return this.#ended.toSorted((a, b) => b.score - a.score).slice(0, this.#options.beam);
  }

  /** Takes the decoder's log-probabilities of the next token, `[places, vocab]` for the places of `reading`. */
  advance(logProbs: Float32Array): void {
    const { beam, maxLength } = this.#options;
    const ranking = new Ranking<Partial>(beam);
    this.#active.forEach((hypothesis, place) => {
      const next = logProbs.subarray(place * this.#vocab, (place + 1) * this.#vocab);
      this.#end(hypothesis, next);
      if (hypothesis.labels.length < maxLength)
        for (const label of this.#candidates(hypothesis, next)) this.#grow(hypothesis, place, label, next, ranking);
    });
    // Only those that stay need CTC's forward variables.
    this.#active = this.#hopeless()
      ? []
      : ranking.items.map((kept) => ({
          ...kept,
          prefix: kept.prefix && (this.#ctc as CtcPrefixScore).extend(kept.prefix, kept.labels.at(-1) as number),
        }));
  }

  #end({ labels, attention, prefix, fused }: Partial, next: Float32Array): void {
    const { ctcWeight, lengthBonus, fusion } = this.#options;
    const whole = attention + (next[this.#vocab - 1] as number);
    const ctc = prefix ? (this.#ctc as CtcPrefixScore).whole(prefix) : 0;
    const ended = fusion && fused && fusion.end(fused);
    const score = mix(ctcWeight, ctc, whole) + lengthBonus * labels.length + (ended?.score ?? 0);
    const length = labels.length;
    this.#bestOfLength[length] = Math.max(this.#bestOfLength[length] ?? -Infinity, score);
    if (score > -Infinity)
      this.#ended.push({ labels: Int32Array.from(labels), score, attention: whole, ctc, lm: ended?.lm ?? 0 });
  }

  /**
   * The labels that may come next: the best of the decoder and the language model together, as in ESPnet; all if the decoder has no
   * say.
   */
  #candidates({ fused }: Partial, next: Float32Array): Iterable<number> {
    const { preBeam, ctcWeight, fusion } = this.#options;
    const isLabel = (label: number): boolean => label !== this.#blank && label !== this.#vocab - 1;
    const count = ctcWeight === 1 ? this.#vocab : preBeam + 2; // the two are no labels
    const decoded = bestClasses(next, Math.min(count, this.#vocab)).filter(isLabel);
    if (ctcWeight === 1 || !fusion || !fused || decoded.length < preBeam) return decoded;
    const ranking = new Ranking<number>(preBeam);
    const rank = (label: number): void => {
      const score = mix(ctcWeight, 0, next[label] as number);
      // Most labels are out before a query of the language model, since the decoder's best were ranked first.
      if (ranking.admits(score + fused.score + fusion.maxGain))
        ranking.insert(score + fusion.extend(fused, label).score, label);
    };
    decoded.forEach(rank);
    const ranked = new Set(decoded);
    for (let label = 0; label < this.#vocab; label++) if (isLabel(label) && !ranked.has(label)) rank(label);
    return ranking.items;
  }

  #grow(from: Partial, parent: number, label: number, next: Float32Array, ranking: Ranking<Partial>): void {
    const { ctcWeight, lengthBonus, fusion } = this.#options;
    const attention = from.attention + (next[label] as number);
    const ctc = from.prefix ? (this.#ctc as CtcPrefixScore).beginning(from.prefix, label) : 0;
    const fused = fusion && from.fused && fusion.extend(from.fused, label);
    const labels = [...from.labels, label];
    const score = mix(ctcWeight, ctc, attention) + lengthBonus * labels.length + (fused?.score ?? 0);
    if (score > -Infinity && ranking.admits(score))
      ranking.insert(score, { labels, attention, prefix: from.prefix, fused, score, parent });
  }

  /** Whether the last lengths brought nothing near the best: longer ones will not either. */
  #hopeless(): boolean {
    const best = Math.max(...this.#bestOfLength);
    const last = this.#bestOfLength.slice(-HOPELESS_LENGTHS);
    return last.length === HOPELESS_LENGTHS && last.every((score) => score < best - HOPELESS);
  }
}

/** λ · ctc + (1 - λ) · attention, where a part of weight 0 has no say even if it is impossible. */
const mix = (lambda: number, ctc: number, attention: number): number =>
  (lambda > 0 ? lambda * ctc : 0) + (lambda < 1 ? (1 - lambda) * attention : 0);
