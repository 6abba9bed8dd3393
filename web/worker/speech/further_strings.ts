import { digitUtterances, type DigitUtterance } from "../../../data/synthetic/digit_utterances.ts";
import { DIGIT_CORPUS_DEFAULTS, type DigitCorpusOptions } from "../../../data/synthetic/options.ts";
import type { SpeechOrder } from "./protocol.ts";

/** Of the corpus whose first strings come with the page. Noise is what makes their FLAC large, so there is little. */
export const CORPUS = { snr: [30, 40], seed: 4 } satisfies Partial<DigitCorpusOptions>;

/**
 * What follows in the training set of that corpus, each with its name there. No split of it has a string of another, so none should
 * be among those kept back; one that is, is left out.
 */
export function furtherStrings({ from, count, sampleRate, keptBack }: SpeechOrder): [string, DigitUtterance][] {
  const sizes = { ...DIGIT_CORPUS_DEFAULTS.sizes, train: from + count };
  return digitUtterances("train", { ...DIGIT_CORPUS_DEFAULTS, ...CORPUS, sampleRate, sizes })
    .map((utterance, i): [string, DigitUtterance] => [`train_${String(i).padStart(4, "0")}`, utterance])
    .slice(from)
    .filter(([, { words }]) => !keptBack.includes(words.join(" ")));
}
