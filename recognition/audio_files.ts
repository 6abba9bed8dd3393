import { UserError } from "../engine/errors.ts";
import type { Cmvn } from "../model/features/cmvn.ts";
import type { CtcModel } from "../model/ctc_model.ts";
import type { Recogniser } from "./recogniser.ts";
import { knownLength } from "../data/audio/audio.ts";
import type { BatchItem } from "../data/item.ts";
import type { FeatureSource } from "../data/features/feature_source.ts";
import { openFinishedSource } from "../data/features/open_feature_source.ts";
import { inOrder } from "../data/features/workers/in_order.ts";
import type { LongRecording } from "./long_audio.ts";
import type { Observer } from "../data/observer.ts";

/** An audio file to recognise. */
export interface AudioFile {
  readonly file: string;
  /** Its index among the requested files. */
  readonly index: number;
  readonly seconds: number;
}

/** A file recognised whole, with its features in memory. */
export interface WholeFile extends AudioFile, BatchItem {}

/** A file recognised in chunks, none of it in memory yet. */
export interface LongFile extends AudioFile {
  /** Total length in samples, at the front end's rate. */
  readonly samples: number;
  /** Whether a part of it can be read without decoding the rest. */
  readonly inParts: boolean;
}

const isLong = (file: WholeFile | LongFile): file is LongFile => "inParts" in file;

export interface ReadFiles {
  readonly whole: readonly WholeFile[];
  readonly long: readonly LongFile[];
  /** Errors for the other files. */
  readonly faults: readonly UserError[];
}

/** Receives what reading a file had to decide or leave out, possibly more than once. */
export type OnRemark = (file: string, remark: string) => void;

/**
 * Reads the features of files of at most `longest` seconds, and the lengths of longer ones. The header of a WAV file
 * gives its length; files in other formats are decoded to their end, which also detects damage, and decoded again when
 * they are recognised.
 */
export async function readAudioFiles(
  { config, cmvn, model }: Recogniser,
  files: readonly string[],
  longest: number,
  observer: Observer,
  onRemark: OnRemark,
): Promise<ReadFiles> {
  const source = openFinishedSource(config, observer.message, { keep: false });
  const task = observer.task("reading audio", files.length);
  const read = (file: string, index: number): Promise<WholeFile | LongFile | UserError> =>
    readFile(source, { file, index }, cmvn, model, longest, onRemark).catch(userError);
  const whole: WholeFile[] = [];
  const long: LongFile[] = [];
  const faults: UserError[] = [];
  try {
    for await (const found of inOrder(files, source.ahead, read)) {
      if (found instanceof UserError) faults.push(found);
      else if (isLong(found)) long.push(found);
      else whole.push(found);
      task.update(whole.length + long.length + faults.length, files.length);
    }
  } finally {
    task.stop();
    source.close();
  }
  return { whole, long, faults };
}

async function readFile(
  source: FeatureSource,
  { file, index }: Pick<AudioFile, "file" | "index">,
  cmvn: Cmvn | null,
  { minInputFrames }: CtcModel,
  longest: number,
  onRemark: OnRemark,
): Promise<WholeFile | LongFile> {
  const { sampleRate, frameShift, frameLength } = source.frontEnd;
  const known = longest === Infinity ? null : knownLength(file, sampleRate);
  if (known !== null && known > longest * sampleRate)
    return { file, index, samples: known, seconds: known / sampleRate, inParts: true };
  const { samples, frames, values, remarks } = await source.get({
    path: file,
    piece: undefined,
    cmvn,
    want: { values: true, statistics: false, ...(longest < Infinity && { longest: longest * sampleRate }) },
  });
  for (const remark of remarks) onRemark(file, remark);
  const seconds = samples / sampleRate;
  if (values === null) return { file, index, samples, seconds, inParts: false };
  if (frames < minInputFrames) {
    const needed = (minInputFrames - 1) * frameShift + frameLength;
    throw new UserError(
      `${file}: ${Math.floor(milliseconds(samples, sampleRate))} ms of audio is too short to recognise; at least ${Math.ceil(milliseconds(needed, sampleRate))} ms is needed`,
    );
  }
  return { file, index, features: values, frames, labels: new Int32Array(), seconds };
}

/**
 * Opens long files for reading their features in parts; close when done. A file found to be damaged while it is read
 * gives zeros from there on, and is reported to `onFault`.
 */
export function openLongFiles(
  { config, cmvn, frontEnd }: Recogniser,
  files: readonly LongFile[],
  observer: Observer,
  { onFault, onRemark }: { onFault: (file: number, fault: UserError) => void; onRemark: OnRemark },
): { recordings: LongRecording[]; close(): void } {
  const open = (oneThread: boolean): FeatureSource =>
    openFinishedSource(config, observer.message, { keep: false, oneThread });
  const [parts, decoded] = [open(false), open(true)];
  const { frameShift, frameLength, frameCount, bins } = frontEnd;
  const recordings = files.map(({ file, samples, inParts }, index): LongRecording => {
    let broken = false;
    return {
      frames: frameCount(samples),
      async features(from, to) {
        if (!broken) {
          const span = { from: from * frameShift, to: (to - 1) * frameShift + frameLength };
          const answer = await (inParts ? parts : decoded)
            .get({ path: file, piece: undefined, span, cmvn })
            .catch(userError);
          if (!(answer instanceof UserError)) {
            for (const remark of answer.remarks) onRemark(file, remark);
            return answer.values as Float32Array;
          }
          if (!broken) onFault(index, answer);
          broken = true;
        }
        return new Float32Array((to - from) * bins);
      },
    };
  });
  const close = (): void => [parts, decoded].forEach((source) => source.close());
  return { recordings, close };
}

const milliseconds = (samples: number, sampleRate: number): number => (1000 * samples) / sampleRate;

function userError(error: unknown): UserError {
  if (error instanceof UserError) return error;
  throw error;
}
