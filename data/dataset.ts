import { UserError } from "../engine/errors.ts";
import { applyCmvn, emptyCmvn, mergeCmvn, type Cmvn } from "../model/features/cmvn.ts";
import type { FrontEnd } from "../model/features/front_end.ts";
import type { Units } from "../model/units/units.ts";
import type { LazyItem } from "./batches/batch.ts";
import { FeatureSource } from "./features/feature_source.ts";
import { pieceOf, type ManifestEntry } from "./manifest/manifest.ts";
import { validateUtterances, type Skipped } from "./manifest/validate.ts";
import { inOrder } from "./features/workers/in_order.ts";
import type { AudioPart, FeatureAnswer } from "./features/workers/request.ts";

export interface Utterance extends LazyItem {
  id: string;
  text: string;
  speaker: string | null;
  /** Length of the audio. */
  seconds: number;
}

export interface Dataset {
  /** With normalised features: in memory as far as it has room for them, otherwise read or computed again when asked for. */
  utterances: Utterance[];
  /** Where the sound of each utterance is. */
  audio: AudioPart[];
  bins: number;
  /** What they were normalised with; null where the front end takes no statistics. */
  cmvn: Cmvn | null;
  /** What is left out, and why: broken files, texts too long for their audio, or that no units spell. */
  skipped: Skipped[];
  warnings: string[];
  /** Length of the audio of all utterances. */
  seconds: number;
}

export interface DatasetOptions {
  /** Audio of another rate than the front end's is converted. */
  frontEnd: FrontEnd;
  /** Where the features come from; in place and without a cache unless given. Features not in memory are asked of it later. */
  source?: FeatureSource;
  /** The training set's statistics; null, for the training set itself, takes them from the utterances read, if the front end takes any. */
  cmvn: Cmvn | null;
  /** Encodes the texts; null, as for decoding only, gives utterances without labels. */
  units: Units | null;
  /** Frames of the model's output for so many feature frames: what CTC has to align with. */
  outputFrames: (frames: number) => number;
  /** Leave out audio files that cannot be read, instead of throwing. */
  skipBroken?: boolean;
  /** Leave out utterances whose text has a character that is no unit, instead of throwing. */
  skipUnspelled?: boolean;
  /** Called after each utterance. */
  onProgress?: (done: number, total: number) => void;
}

/**
 * Reads the audio of all entries once, or finds their features in the cache: so every utterance is known to be readable, the
 * frames are counted and the statistics taken, before anything is trained. Utterances that CTC cannot align with their text
 * are left out, also of the statistics, and named in `skipped`.
 *
 * @throws UserError naming the manifest's line at an audio file that cannot be read (unless `skipBroken`) or a text with
 *   a character that is no unit (unless `skipUnspelled`), or if no utterance is left
 */
export async function loadDataset(entries: readonly ManifestEntry[], options: DatasetOptions): Promise<Dataset> {
  const {
    frontEnd,
    source = new FeatureSource({ frontEnd }),
    units,
    outputFrames,
    skipBroken = false,
    skipUnspelled = false,
    onProgress,
  } = options;
  const { sampleRate, bins, takesCmvn } = frontEnd;
  const takesStatistics = takesCmvn && options.cmvn === null;
  const unspelled: Skipped[] = [];
  const spelled: { entry: ManifestEntry; labels: Int32Array }[] = [];
  for (const entry of entries) {
    // texts first, because that is quick and can fail
    const labels = encodeText(entry, units);
    if (!(labels instanceof UserError)) spelled.push({ entry, labels });
    else if (skipUnspelled) unspelled.push({ id: entry.id, reason: labels.message });
    else throw atLine(entry, labels);
  }

  const read = ({ entry }: { entry: ManifestEntry }): Promise<FeatureAnswer | UserError> => {
    const want = { values: !source.memory.isFull, statistics: takesStatistics };
    return source.get({ ...partOf(entry), cmvn: options.cmvn, want }).catch((error: unknown) => {
      if (error instanceof UserError) return error;
      throw error;
    });
  };

  const utterances: Utterance[] = [];
  const audio: AudioPart[] = [];
  const [broken, skipped, warnings]: [Skipped[], Skipped[], string[]] = [[], [], []];
  let statistics = emptyCmvn(bins);
  let seen = 0;
  for await (const answer of inOrder(spelled, source.ahead, read)) {
    const { entry, labels } = spelled[seen] as (typeof spelled)[number];
    if (answer instanceof UserError) {
      if (!skipBroken) throw atLine(entry, answer);
      broken.push({ id: entry.id, reason: answer.message.replace(/\.$/u, "") });
    } else {
      const utterance = makeUtterance(entry, answer, labels, sampleRate);
      const { samples, frames } = answer;
      const verdict = validateUtterances([
        { ...utterance, frames: outputFrames(frames), duration: entry.duration, samples, sampleRate },
      ]);
      skipped.push(...verdict.skipped);
      warnings.push(...verdict.warnings);
      if (verdict.usable.length > 0) {
        if (answer.values && source.memory.keep(answer.values)) utterance.features = answer.values;
        utterances.push(utterance);
        audio.push(partOf(entry));
        if (answer.statistics) statistics = mergeCmvn(statistics, answer.statistics);
      }
    }
    seen++;
    onProgress?.(seen, spelled.length);
  }
  source.flush();

  const leftOut = [...unspelled, ...broken, ...skipped];
  if (utterances.length === 0) {
    const first = leftOut[0] ? `; the first, ${leftOut[0].id}: ${leftOut[0].reason}` : "";
    throw new UserError(`none of the ${entries.length} utterances can be used${first}`);
  }
  const cmvn = takesStatistics ? statistics : options.cmvn;
  for (const [i, utterance] of utterances.entries()) {
    if (typeof utterance.features === "function")
      utterance.features = async () => (await source.get({ ...(audio[i] as AudioPart), cmvn })).values as Float32Array;
    else if (cmvn && takesStatistics)
      utterance.features = applyCmvn(cmvn, { frames: utterance.frames, bins, values: utterance.features }).values;
  }
  const seconds = utterances.reduce((sum, utterance) => sum + utterance.seconds, 0);
  return { utterances, audio, bins, cmvn, skipped: leftOut, warnings, seconds };
}

const partOf = (entry: ManifestEntry): AudioPart => ({ path: entry.audioPath, piece: pieceOf(entry) });

function encodeText({ text }: ManifestEntry, units: Units | null): Int32Array | UserError {
  try {
    return units?.encode(text) ?? new Int32Array();
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
}

/** Its features are given later. */
function makeUtterance(
  { id, text, speaker }: ManifestEntry,
  { samples, frames }: FeatureAnswer,
  labels: Int32Array,
  sampleRate: number,
): Utterance {
  return {
    id,
    text,
    speaker,
    seconds: samples / sampleRate,
    frames,
    labels,
    features: () => Promise.reject(new Error("not read yet")),
  };
}

/** The same error, with the manifest's line before it. */
function atLine(entry: ManifestEntry, error: UserError): UserError {
  return new UserError(`${entry.source}: ${error.message}`, { cause: error });
}
