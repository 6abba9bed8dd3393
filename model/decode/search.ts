import type { Fusion } from "./fusion.ts";
import { greedySearch } from "./greedy.ts";
import { prefixBeamSearch, type BeamHypothesis } from "./prefix_beam.ts";

/** How posteriors become text. */
export interface SearchOptions {
  /** Width of the prefix beam search; greedy without it. */
  readonly beam?: number | null | undefined;
  /** A language model that takes part in the beam search. */
  readonly fusion?: Fusion | null | undefined;
}

/**
 * The best labellings of one utterance, best first: as many as the beam is wide, or the greedy one, whose score is that of
 * its single best path.
 *
 * @param logProbs `[frames, vocab]`
 * @throws RangeError if a language model is to take part in greedy decoding
 */
export function search(
  logProbs: Float32Array,
  vocab: number,
  blank: number,
  { beam, fusion }: SearchOptions,
): BeamHypothesis[] {
  if (beam) return prefixBeamSearch(logProbs, vocab, { beam, blank, fusion: fusion ?? null });
  if (fusion) throw new RangeError("search: a language model takes part in a beam search only, but beam is not given");
  const greedy = greedySearch(logProbs, vocab, { blank });
  return [{ ...greedy, lm: 0, total: greedy.score }];
}
