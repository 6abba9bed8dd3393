import type { Device } from "../../engine/device.ts";
import { forcedAlignment } from "../../model/decode/forced_alignment.ts";
import type { Recogniser } from "../recogniser.ts";
import type { Utterance } from "../../data/dataset.ts";
import type { DepthPath } from "../../config/depths.ts";
import { forEachPosterior, type PosteriorOptions } from "../posteriors.ts";
import { frameTime, timedUtterance, type TimedUtterance } from "./timed_text.ts";

export interface AlignedUtterance extends TimedUtterance {
  readonly id: string;
  /** Length of the audio. */
  readonly seconds: number;
}

/**
 * Finds when the words of known texts are spoken, by forced alignment: the model's most probable path for each text.
 *
 * @param utterances with labels
 * @returns in their order, null for an utterance whose text has probability 0
 */
export async function alignUtterances(
  device: Device,
  { model, units, frontEnd }: Pick<Recogniser, "model" | "units" | "frontEnd">,
  utterances: readonly Utterance[],
  { schedule }: DepthPath,
  options: PosteriorOptions = {},
): Promise<(AlignedUtterance | null)[]> {
  const { vocabulary, blank } = model.config;
  const aligned = new Array<AlignedUtterance | null>(utterances.length).fill(null);
  await forEachPosterior(device, model, utterances, [schedule], options, (logProbs, i) => {
    const { id, seconds, labels } = utterances[i] as Utterance;
    const alignment = forcedAlignment(logProbs, vocabulary, labels, { blank });
    if (alignment) aligned[i] = { id, seconds, ...timedUtterance(alignment, units, frameTime(model, frontEnd)) };
  });
  return aligned;
}
