// Makes the corpus that `unfold start` trains on, a minute's work for one core, while the GPU is measured.
import { join } from "node:path";
import { cacheFolder } from "../../engine/node/cache_folder.ts";
import { makeDigitCorpus } from "../../data/synthetic/digit_corpus.ts";

await makeDigitCorpus(join(cacheFolder(), "digits"));
