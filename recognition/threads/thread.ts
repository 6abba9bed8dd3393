import { workerData } from "node:worker_threads";
import { NgramModel } from "../../model/decode/ngram_model.ts";
import { prefixBeamSearch, type BeamHypothesis } from "../../model/decode/prefix_beam.ts";
import { unitsFromJSON } from "../../model/units/restore.ts";
import { answerJobs } from "../../data/threads/answer_jobs.ts";
import { fusionOf } from "../language_model.ts";
import type { SearchRequest, SearchSettings } from "./search_threads.ts";

const { beam, units, lm } = workerData as SearchSettings;
const fusion = lm && fusionOf(NgramModel.of(lm.ngrams), unitsFromJSON(units), lm);

answerJobs<SearchRequest, BeamHypothesis[]>(({ logProbs, vocab, blank }) =>
  prefixBeamSearch(logProbs, vocab, { beam, blank, fusion }),
);
