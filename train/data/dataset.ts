import { UserError } from "../../engine/errors.ts";
import { accumulateCmvn, applyCmvn, emptyCmvn } from "../../model/features/cmvn.ts";
import type { Cmvn } from "../../model/features/cmvn.ts";
import type { Fbank, Features } from "../../model/features/fbank.ts";
import type { Units } from "../../model/units/units.ts";
import { readAudio } from "./audio.ts";
import type { BatchItem } from "./batch.ts";
import { pieceOf, type ManifestEntry } from "./manifest.ts";
import { validateUtterances } from "./validate.ts";
import type { Skipped } from "./validate.ts";

export interface Utterance extends BatchItem {
  id: string;
  text: string;
  speaker: string | null;
  /** Length of the audio. */
  seconds: number;
}

export interface Dataset {
  /** With normalised features. */
  utterances: Utterance[];
  bins: number;
  /** What they were normalised with. */
  cmvn: Cmvn;
  /** What is left out, and why: broken files, texts too long for their audio. */
  skipped: Skipped[];
  warnings: string[];
  /** Length of the audio of all utterances. */
  seconds: number;
}

export interface DatasetOptions {
  /** Audio of another rate than the filter bank's is converted. */
  fbank: Fbank;
  /** The training set's statistics; null, for the training set itself, takes them from the utterances read. */
  cmvn: Cmvn | null;
  /** Encodes the texts; null, as for decoding only, gives utterances without labels. */
  units: Units | null;
  /** Frames of the model's output for so many feature frames: what CTC has to align with. */
  outputFrames: (frames: number) => number;
  /** Leave out audio files that cannot be read, instead of throwing. */
  skipBroken?: boolean;
  /** Called after each utterance. */
  onProgress?: (done: number, total: number) => void;
}

/**
 * Reads the audio of a manifest's entries and computes their normalised log-mel features, which stay in memory.
 * Utterances that CTC cannot align with their text are left out, also of the statistics, and named in `skipped`.
 *
 * @throws UserError naming the manifest's line at an audio file that cannot be read (unless `skipBroken`) or a text with
 *   a character that is no unit, or if no utterance is left
 */
export async function loadDataset(entries: readonly ManifestEntry[], options: DatasetOptions): Promise<Dataset> {
  const { fbank, units, outputFrames, skipBroken = false, onProgress } = options;
  const { sampleRate, bins } = fbank.options;
  const labels = entries.map((entry) => encodeText(entry, units)); // first, because it is quick and can fail

  const loaded: { utterance: Utterance; entry: ManifestEntry }[] = [];
  const broken: Skipped[] = [];
  for (const [i, entry] of entries.entries()) {
    try {
      const { samples } = await readAudio(entry.audioPath, sampleRate, pieceOf(entry));
      loaded.push({ utterance: makeUtterance(entry, samples, labels[i]!, fbank), entry });
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      if (!skipBroken) throw atLine(entry, error);
      broken.push({ id: entry.id, reason: error.message.replace(/\.$/u, "") });
    }
    onProgress?.(i + 1, entries.length);
  }

  const { usable, skipped, warnings } = validateUtterances(
    loaded.map(({ utterance: { id, frames, labels, seconds }, entry: { duration } }) => ({
      id,
      frames: outputFrames(frames),
      labels,
      duration,
      samples: Math.round(seconds * sampleRate),
      sampleRate,
    })),
  );
  const utterances = usable.map((i) => loaded[i]!.utterance);
  const leftOut = [...broken, ...skipped];
  if (utterances.length === 0) {
    const first = leftOut[0] ? `; the first, ${leftOut[0].id}: ${leftOut[0].reason}` : "";
    throw new UserError(`none of the ${entries.length} utterances can be used${first}`);
  }
  const cmvn = options.cmvn ?? utterances.reduce((statistics, u) => accumulateCmvn(statistics, asFeatures(u, bins)), emptyCmvn(bins));
  for (const utterance of utterances) utterance.features = applyCmvn(cmvn, asFeatures(utterance, bins)).values;
  const seconds = utterances.reduce((sum, utterance) => sum + utterance.seconds, 0);
  return { utterances, bins, cmvn, skipped: leftOut, warnings, seconds };
}

const asFeatures = ({ features, frames }: Utterance, bins: number): Features => ({ frames, bins, values: features });

function encodeText(entry: ManifestEntry, units: Units | null): Int32Array {
  try {
    return units?.encode(entry.text) ?? new Int32Array();
  } catch (error) {
    throw error instanceof UserError ? atLine(entry, error) : error;
  }
}

function makeUtterance({ id, text, speaker }: ManifestEntry, samples: Float32Array, labels: Int32Array, fbank: Fbank): Utterance {
  const { frames, values } = fbank.compute(samples);
  return { id, text, speaker, seconds: samples.length / fbank.options.sampleRate, features: values, frames, labels };
}

/** The same error, with the manifest's line before it. */
function atLine(entry: ManifestEntry, error: UserError): UserError {
  return new UserError(`${entry.source}: ${error.message}`, { cause: error });
}
