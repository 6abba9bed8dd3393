import { UserError } from "../../../engine/errors.ts";
import { applyCmvn, emptyCmvn, mergeCmvn, utteranceCmvn, type Cmvn } from "../../../model/features/cmvn.ts";
import type { FrontEnd } from "../../../model/features/front_end.ts";
import type { Units } from "../../../model/units/units.ts";
import { DIGEST_LENGTH, digestText } from "../../../data/batches/digest_text.ts";
import type { Utterance } from "../../../data/dataset.ts";
import { validateUtterances } from "../../../data/manifest/validate.ts";
import type { SpokenString } from "./protocol.ts";

export type SpokenUtterance = Utterance & { features: Float32Array };

/** Strings as a model takes them, all in memory, in the way of `loadDataset`. */
export interface SpokenSet {
  readonly utterances: readonly SpokenUtterance[];
  readonly bins: number;
  readonly cmvn: Cmvn | null;
}

export interface SpokenSetOptions {
  readonly frontEnd: FrontEnd;
  /** Null takes the statistics of these strings, if the front end uses any. */
  readonly cmvn: Cmvn | null;
  /** Null leaves the utterances without labels. */
  readonly units: Units | null;
  readonly outputFrames: (frames: number) => number;
}

/** Computes features and labels. Leaves out strings too short for their texts. Throws UserError if none is left. */
export function spokenSet(
  strings: readonly SpokenString[],
  { frontEnd, units, outputFrames, ...options }: SpokenSetOptions,
): SpokenSet {
  const { sampleRate, bins, takesCmvn } = frontEnd;
  const all = strings.map(({ id, text, waveform }): SpokenUtterance => {
    const { frames, values } = frontEnd.compute(waveform);
    const labels = units?.encode(text) ?? new Int32Array();
    return { id, text, speaker: null, seconds: waveform.length / sampleRate, frames, labels, features: values };
  });
  const { usable } = validateUtterances(
    all.map((utterance) => ({
      ...utterance,
      frames: outputFrames(utterance.frames),
      duration: null,
      samples: Math.round(utterance.seconds * sampleRate),
      sampleRate,
    })),
  );
  if (usable.length === 0) throw new UserError(`none of the ${strings.length} strings is long enough for its text`);
  const kept = usable.map((index) => all[index] as SpokenUtterance);
  const cmvn = takesCmvn ? (options.cmvn ?? statisticsOf(kept, bins)) : null;
  const normalised = kept.map((utterance) => ({
    ...utterance,
    features: cmvn
      ? applyCmvn(cmvn, { frames: utterance.frames, bins, values: utterance.features }).values
      : utterance.features,
  }));
  return { utterances: normalised, bins, cmvn };
}

const statisticsOf = (utterances: readonly SpokenUtterance[], bins: number): Cmvn =>
  utterances.reduce(
    (sum, { frames, features }) => mergeCmvn(sum, utteranceCmvn({ frames, bins, values: features })),
    emptyCmvn(bins),
  );

/** The digest that a checkpoint keeps of its training set, as `digestOf` computes it in Node. */
export async function spokenDigest(utterances: readonly SpokenUtterance[]): Promise<string> {
  const sum = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(digestText(utterances)));
  return Array.from(new Uint8Array(sum), (byte) => byte.toString(16).padStart(2, "0"))
    .join("")
    .slice(0, DIGEST_LENGTH);
}
