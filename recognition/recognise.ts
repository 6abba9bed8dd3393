import type { Device } from "../engine/device.ts";
import type { CtcModel } from "../model/ctc_model.ts";
import type { Hypothesis } from "../model/decode/hypothesis.ts";
import { search, type SearchOptions } from "../model/decode/search.ts";
import type { DepthSchedule } from "../model/unfold.ts";
import type { Units } from "../model/units/units.ts";
import type { LazyItem } from "../data/item.ts";
import { decoderSearch, type DecoderSearch } from "./decoder_search.ts";
import { forEachPosterior, type PosteriorOptions } from "./posteriors.ts";

export interface RecogniseOptions extends SearchOptions, Omit<PosteriorOptions, "decode"> {
  /** How a decoder takes part; left out, CTC decodes alone. */
  readonly decoding?: DecoderSearch | undefined;
}

export interface Recognised {
  /** Best hypothesis of each utterance, in order. */
  readonly hypotheses: readonly Hypothesis[];
  /** Fraction of real frames whose most likely class is the blank; near 1 the model has collapsed. */
  readonly blankRatio: number;
  /** CTC loss: sum over the utterances with references / their number. Undefined if there are none. */
  readonly loss: number | undefined;
}

/** Runs the utterances through every schedule (shared prefixes once) and decodes each path's posteriors. */
export async function recognise(
  device: Device,
  model: CtcModel,
  utterances: readonly LazyItem[],
  schedules: readonly DepthSchedule[],
  options: RecogniseOptions = {},
): Promise<Recognised[]> {
  const { vocabulary, blank } = model.config;
  const { decoding } = options;
  const decode = decoding && decoderSearch(device, model, decoding, options);
  const results = schedules.map(() => ({
    hypotheses: new Array<Hypothesis>(utterances.length),
    blanks: 0,
    frames: 0,
    loss: 0,
    losses: 0,
  }));
  await forEachPosterior(
    device,
    model,
    utterances,
    schedules,
    { ...options, decode },
    async (logProbs, utterance, schedule, loss, found) => {
      const result = results[schedule] as (typeof results)[number];
      result.frames += logProbs.length / vocabulary;
      result.blanks += countBlanks(logProbs, vocabulary, blank);
      if (loss !== null) {
        result.loss += loss;
        result.losses++;
      }
      const [best = NOTHING] = found ?? (await search(logProbs, vocabulary, blank, options));
      const { labels, score } = best;
      result.hypotheses[utterance] = { labels, score };
    },
  );
  return results.map(({ hypotheses, blanks, frames, loss, losses }) => ({
    hypotheses,
    blankRatio: frames === 0 ? 0 : blanks / frames,
    loss: losses === 0 ? undefined : loss / losses,
  }));
}

/** Of an utterance in which no sequence is possible. */
const NOTHING: Hypothesis = { labels: new Int32Array(), score: -Infinity };

/** The text of a hypothesis: words with single spaces between them. */
export const hypothesisText = (labels: Iterable<number>, units: Units): string =>
  units.decode(labels).trim().replace(/ +/gu, " ");

function countBlanks(logProbs: Float32Array, vocabulary: number, blank: number): number {
  let blanks = 0;
  for (let start = 0; start < logProbs.length; start += vocabulary) {
    const frame = logProbs.subarray(start, start + vocabulary);
    const top = frame[blank] as number;
    if (frame.every((value) => value <= top)) blanks++;
  }
  return blanks;
}
