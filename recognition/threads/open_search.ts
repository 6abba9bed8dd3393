import type { SearchOptions } from "../../model/decode/search.ts";
import { NgramModel } from "../../model/decode/ngram_model.ts";
import type { Units } from "../../model/units/units.ts";
import { fusionOf, openFusion, readArpa, type LanguageModelSettings } from "../language_model.ts";
import { searchThreads, threadCount } from "./search_threads.ts";
import { shareNgrams } from "./share_ngrams.ts";

/** A search as settings ask for it. Close it when done. */
export interface OpenedSearch {
  readonly options: SearchOptions;
  close(): void;
}

/**
 * Opens a language model, and threads for the prefix beam search, which start with the first search. What is found does
 * not depend on their number.
 *
 * @throws UserError as `openFusion` does, and for an invalid UNFOLD_THREADS
 */
export async function openSearch(
  { beam, lm }: { readonly beam: number | null; readonly lm: LanguageModelSettings | null },
  units: Units,
  threads: number = threadCount(),
): Promise<OpenedSearch> {
  if (beam === null || threads === 1)
    return { options: { beam, fusion: await openFusion(lm, units) }, close: () => undefined };
  const ngrams = lm && shareNgrams(await readArpa(lm.arpa));
  const fusion = lm && ngrams && fusionOf(NgramModel.of(ngrams), units, lm);
  const pool = searchThreads(threads, { beam, units: units.toJSON(), lm: lm && ngrams && { ...lm, ngrams } });
  return {
    options: {
      beam,
      fusion,
      beamSearch: (frames, vocab, blank) => {
        const logProbs = frames.slice(); // the others of its batch stay here
        return pool.compute({ logProbs, vocab, blank }, [logProbs.buffer]);
      },
    },
    close: () => pool.close(new Error("the search was closed")),
  };
}
