import { UserError } from "../engine/errors.ts";
import { applyCmvn, emptyCmvn, mergeCmvn, type Cmvn } from "../model/features/cmvn.ts";
import type { FrontEnd } from "../model/features/front_end.ts";
import type { Units } from "../model/units/units.ts";
import type { LazyItem } from "./item.ts";
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
  /** With normalised features: kept in memory as far as there is room, otherwise read or computed again on demand. */
  utterances: Utterance[];
  /** The location of each utterance's audio. */
  audio: AudioPart[];
  bins: number;
  /** The normalisation applied; null if the front end uses no statistics. */
  cmvn: Cmvn | null;
  /**
   * Utterances left out, and why: unreadable files, texts too long for their audio, or with characters that are no
   * unit.
   */
  skipped: Skipped[];
  warnings: string[];
  /** What reading audio had to decide or leave out, one sentence each. */
  remarks: string[];
  /** Total length of the audio. */
  seconds: number;
}

export interface DatasetOptions {
  /** Audio at a different sample rate than the front end's is resampled. */
  frontEnd: FrontEnd;
  /** Source of the features, also of those loaded later; by default they are computed in place, without a cache. */
  source?: FeatureSource;
  /**
   * The training set's statistics; null, for the training set itself, computes them from the utterances if the front
   * end uses any.
   */
  cmvn: Cmvn | null;
  /** Encodes the texts; null, for decoding only, leaves utterances without labels. */
  units: Units | null;
  /** Number of output frames of the model for a number of feature frames: what CTC has for its alignment. */
  outputFrames: (frames: number) => number;
  /** Leave out unreadable audio files instead of throwing. */
  skipBroken?: boolean;
  /** Leave out utterances whose text has a character that is not a unit, instead of throwing. */
  skipUnencodable?: boolean;
  /** Called after each utterance. */
  onProgress?: (done: number, total: number) => void;
}

/**
 * Reads the audio of all entries once, or finds their features in the cache. So before training starts, every utterance
 * is known to be readable, frames are counted and statistics computed. Utterances that CTC cannot align with their text
 * are left out, also of the statistics, and listed in `skipped`.
 *
 * @throws UserError naming the manifest line of an audio file that cannot be read (unless `skipBroken`) or a text with
 *   a character that is not a unit (unless `skipUnencodable`), or if no utterance is left
 */
export async function loadDataset(entries: readonly ManifestEntry[], options: DatasetOptions): Promise<Dataset> {
  const {
    frontEnd,
    source = new FeatureSource({ frontEnd }),
    units,
    outputFrames,
    skipBroken = false,
    skipUnencodable = false,
    onProgress,
  } = options;
  const { sampleRate, bins, takesCmvn } = frontEnd;
  const takesStatistics = takesCmvn && options.cmvn === null;
  const unencodable: Skipped[] = [];
  const encoded: { entry: ManifestEntry; labels: Int32Array }[] = [];
  for (const entry of entries) {
    // texts first: they are quick to encode and can fail
    const labels = encodeText(entry, units);
    if (!(labels instanceof UserError)) encoded.push({ entry, labels });
    else if (skipUnencodable) unencodable.push({ id: entry.id, reason: labels.message });
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
  const remarks = new Set<string>();
  let statistics = emptyCmvn(bins);
  let seen = 0;
  for await (const answer of inOrder(encoded, source.ahead, read)) {
    const { entry, labels } = encoded[seen] as (typeof encoded)[number];
    if (answer instanceof UserError) {
      if (!skipBroken) throw atLine(entry, answer);
      broken.push({ id: entry.id, reason: answer.message.replace(/\.$/u, "") });
    } else {
      const utterance = makeUtterance(entry, answer, labels, sampleRate);
      const { samples, frames } = answer;
      for (const remark of answer.remarks) remarks.add(`${entry.audioPath}: ${remark}`);
      const verdict = validateUtterances([
        {
          ...utterance,
          frames: outputFrames(frames),
          duration: entry.duration,
          isPiece: !entry.isWhole,
          samples,
          sampleRate,
        },
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
    onProgress?.(seen, encoded.length);
  }
  source.flush();

  const leftOut = [...unencodable, ...broken, ...skipped];
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
  return { utterances, audio, bins, cmvn, skipped: leftOut, warnings, remarks: [...remarks], seconds };
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

/** An utterance whose features are set later. */
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

/** Prefixes the error with the manifest line. */
function atLine(entry: ManifestEntry, error: UserError): UserError {
  return new UserError(`${entry.source}: ${error.message}`, { cause: error });
}
