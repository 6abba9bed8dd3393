// Makes the corpus that `unfold start` trains on while the GPU is being measured: a minute's work for one core.
import { join } from "node:path";
import { cacheFolder } from "../../engine/node/cache_folder.ts";
import { makeDigitCorpus } from "../../data/synthetic/digit_corpus.ts";

await makeDigitCorpus(join(cacheFolder(), "digits"));
