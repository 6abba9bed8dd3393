import type { Device } from "../engine/device.ts";
import { UserError } from "../engine/errors.ts";
import { forcedAlignment } from "../model/decode/forced_alignment.ts";
import type { BeamHypothesis } from "../model/decode/prefix_beam.ts";
import { search, type SearchOptions } from "../model/decode/search.ts";
import type { Units } from "../model/units/units.ts";
import { frameTime, timedUtterance, type TimedText } from "./alignment/timed_text.ts";
import { openLongFiles, readAudioFiles, type AudioFile, type LongFile, type OnRemark } from "./audio_files.ts";
import type { Recogniser } from "./recogniser.ts";
import { chunkFrames, type ChunkSeconds } from "./chunks.ts";
import type { DepthPath } from "../config/depths.ts";
import { chunksAtOnce } from "./fitting_chunk.ts";
import { forEachLongPosterior, type LongAudioOptions } from "./long_audio.ts";
import { forEachPosterior } from "./posteriors.ts";
import { hypothesisText } from "./recognise.ts";
import type { Observer } from "../data/observer.ts";

export interface TranscribeOptions extends SearchOptions {
  /** Maximum number of distinct texts per file; only the best by default. */
  readonly nbest?: number | undefined;
  /** Include when each word is spoken. */
  readonly timestamps?: boolean | undefined;
  /**
   * Files longer than a chunk are recognised in chunks; if undefined, every file is recognised whole, whatever its
   * length.
   */
  readonly chunks?: ChunkSeconds | undefined;
}

/** A text found by the search, with the scores it is ranked by; natural logarithms. */
export interface RankedText {
  readonly text: string;
  /** log p_ctc; for greedy decoding, of the single best path. */
  readonly ctc: number;
  /** log p_lm, unweighted. */
  readonly lm: number;
  /** The ranking score: ctc + weight · lm + bonus · words. */
  readonly total: number;
}

export interface Transcript {
  readonly file: string;
  readonly text: string;
  readonly depth: number;
  /** Length of the audio. */
  readonly seconds: number;
  /** The text's `ctc`. */
  readonly logProbability: number;
  /** Omitted if the forced alignment of a long file loses every path within its window. */
  readonly words?: readonly TimedText[];
  readonly nbest?: readonly RankedText[];
}

export interface Transcription {
  /** In the order of the files, without the unreadable ones. */
  readonly transcripts: readonly Transcript[];
  /** Errors of the unreadable files, one sentence each. */
  readonly faults: readonly UserError[];
  /** What reading the files had to decide or leave out, one sentence each that names the file. */
  readonly remarks: readonly string[];
  /** Total length of the transcribed audio. */
  readonly audioSeconds: number;
  /**
   * Time of the model and the search. Excludes reading the audio, except that of long files, which is read meanwhile.
   */
  readonly computingSeconds: number;
}

/** Maximum number of short files recognised together. */
const MOST_FILES = 16;

/**
 * Window of the forced alignment of a long recording, in states: about 20 s of speech on either side of the most likely
 * one.
 */
const ALIGNED_STATES = 1024;

/**
 * Transcribes files at one depth. Files no longer than a chunk are recognised whole, in batches of similar length;
 * longer ones in chunks, whose log-probabilities are joined before the search. Unreadable files are left out.
 */
export async function transcribeFiles(
  device: Device,
  recogniser: Recogniser,
  files: readonly string[],
  path: DepthPath,
  observer: Observer,
  options: TranscribeOptions,
): Promise<Transcription> {
  const { model, frontEnd } = recogniser;
  const { chunks } = options;
  const sizes = chunks && chunkFrames(chunks, model, frontEnd);
  const remarks = new Set<string>();
  const onRemark: OnRemark = (file, remark) => void remarks.add(`${file}: ${remark}`);
  const most = chunks?.chunk ?? Infinity;
  const { whole, long, faults: unread } = await readAudioFiles(recogniser, files, most, observer, onRemark);
  const faults = [...unread];
  if (whole.length + long.length === 0)
    return { transcripts: [], faults, remarks: [...remarks], audioSeconds: 0, computingSeconds: 0 };

  const transcripts = new Map<number, Transcript>();
  const transcribe = (file: AudioFile, logProbs: Float32Array, window?: number): void => {
    transcripts.set(file.index, transcriptOf(file, logProbs, recogniser, path.depth, options, window));
  };
  const progress = secondsOfAudio(observer, [...whole, ...long]);
  const started = performance.now();
  try {
    const longest = whole.reduce((most, { seconds }) => Math.max(most, seconds), 0);
    const batchSize = whole.length > 1 ? Math.min(MOST_FILES, chunksAtOnce(device, recogniser, path, longest)) : 1;
    await forEachPosterior(device, model, whole, [path.schedule], { batchSize }, (logProbs, i) => {
      const file = whole[i] as AudioFile;
      transcribe(file, logProbs);
      progress.advance(file.seconds);
    });
    if (chunks && sizes && long.length > 0) {
      const secondsOfFrame = frameTime(model, frontEnd)(1);
      const settings = {
        sizes,
        batchSize: chunksAtOnce(device, recogniser, path, chunks.chunk),
        onFrames: (frames: number) => progress.advance(frames * secondsOfFrame),
      };
      const broken = await forEachLongFile(
        device,
        recogniser,
        long,
        path,
        settings,
        { observer, onRemark },
        (file, logProbs) => transcribe(file, logProbs, ALIGNED_STATES),
      );
      faults.push(...broken);
    }
    progress.advance(Infinity);
  } finally {
    progress.stop();
  }
  const given = files.flatMap((_, index) => transcripts.get(index) ?? []);
  const audioSeconds = given.reduce((sum, { seconds }) => sum + seconds, 0);
  const computingSeconds = (performance.now() - started) / 1000;
  return { transcripts: given, faults, remarks: [...remarks], audioSeconds, computingSeconds };
}

/** Decodes a file's log-probabilities `[frames, vocab]`. */
function transcriptOf(
  { file, seconds }: AudioFile,
  logProbs: Float32Array,
  { model, units, frontEnd }: Recogniser,
  depth: number,
  options: TranscribeOptions,
  window?: number,
): Transcript {
  const { vocabulary, blank } = model.config;
  const hypotheses = search(logProbs, vocabulary, blank, options);
  const { labels, score } = hypotheses[0] as BeamHypothesis;
  const alignment = options.timestamps ? forcedAlignment(logProbs, vocabulary, labels, { blank, window }) : undefined;
  return {
    file,
    text: hypothesisText(labels, units),
    depth,
    seconds,
    logProbability: score,
    ...(alignment && { words: timedUtterance(alignment, units, frameTime(model, frontEnd)).words }),
    ...(options.nbest !== undefined && { nbest: distinctTexts(hypotheses, units).slice(0, options.nbest) }),
  };
}

/** A progress display over all these files, in whole seconds of audio. */
function secondsOfAudio(
  observer: Observer,
  files: readonly AudioFile[],
): { advance(seconds: number): void; stop(): void } {
  const total = Math.round(files.reduce((sum, { seconds }) => sum + seconds, 0));
  const task = observer.task("recognising, seconds of audio", total);
  let done = 0;
  return {
    advance: (seconds) => task.update(Math.min(Math.round((done += seconds)), total), total),
    stop: () => task.stop(),
  };
}

/**
 * Hands out the log-probabilities `[frames, vocab]` of each long file; returns the errors of those found to be damaged.
 */
async function forEachLongFile(
  device: Device,
  recogniser: Recogniser,
  files: readonly LongFile[],
  path: DepthPath,
  settings: LongAudioOptions,
  { observer, onRemark }: { observer: Observer; onRemark: OnRemark },
  use: (file: LongFile, logProbs: Float32Array) => void,
): Promise<UserError[]> {
  const broken = new Map<number, UserError>();
  const onFault = (file: number, fault: UserError): void => void broken.set(file, fault);
  const { recordings, close } = openLongFiles(recogniser, files, observer, { onFault, onRemark });
  try {
    await forEachLongPosterior(device, recogniser.model, recordings, path.schedule, settings, (logProbs, i) => {
      if (!broken.has(i)) use(files[i] as LongFile, logProbs);
    });
  } finally {
    close();
  }
  return [...broken.values()];
}

/** The distinct texts; labellings that differ only in spaces are one text, represented by the best. */
function distinctTexts(found: readonly BeamHypothesis[], units: Units): RankedText[] {
  const byText = new Map<string, RankedText>();
  for (const { labels, score, lm, total } of found) {
    const text = hypothesisText(labels, units);
    if (!byText.has(text)) byText.set(text, { text, ctc: score, lm, total });
  }
  return [...byText.values()];
}
