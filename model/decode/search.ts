import type { Fusion } from "./fusion.ts";
import { greedySearch } from "./greedy.ts";
import { prefixBeamSearch, type BeamHypothesis } from "./prefix_beam.ts";

/** How to decode posteriors. */
export interface SearchOptions {
  /** Width of the prefix beam search; greedy if left out. */
  readonly beam?: number | null | undefined;
  /** Shallow fusion with a language model in the beam search. */
  readonly fusion?: Fusion | null | undefined;
  /** Runs the beam search, with the same width and fusion, for example on another thread; in place if left out. */
  readonly beamSearch?: BeamSearch | undefined;
}

/** The prefix beam search of one utterance's log-probabilities `[frames, vocab]`. */
export type BeamSearch = (logProbs: Float32Array, vocab: number, blank: number) => Promise<BeamHypothesis[]>;

/** Of the searches with a decoder: hypotheses kept, the share of CTC in a score, what is added per label. */
export const decoderSearchDefaults = { beam: 10, ctcWeight: 0.3, lengthBonus: 0 };

/**
 * The best labellings of one utterance, best first: up to the beam width, or only the greedy one, whose score is that of its single
 * best path.
 *
 * @param logProbs `[frames, vocab]`
 * @throws RangeError for a language model with greedy decoding
 */
export function search(
  logProbs: Float32Array,
  vocab: number,
  blank: number,
  { beam, fusion, beamSearch }: SearchOptions,
): BeamHypothesis[] | Promise<BeamHypothesis[]> {
  if (beam && beamSearch) return beamSearch(logProbs, vocab, blank);
  if (beam) return prefixBeamSearch(logProbs, vocab, { beam, blank, fusion: fusion ?? null });
  if (fusion) throw new RangeError("search: a language model needs a beam search, but beam is not set");
  const greedy = greedySearch(logProbs, vocab, { blank });
  return [{ ...greedy, lm: 0, total: greedy.score }];
}
