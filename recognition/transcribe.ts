import type { Device } from "../engine/device.ts";
import { UserError } from "../engine/errors.ts";
import { forcedAlignment } from "../model/decode/forced_alignment.ts";
import type { BeamHypothesis } from "../model/decode/prefix_beam.ts";
import { search, type SearchOptions } from "../model/decode/search.ts";
import type { Units } from "../model/units/units.ts";
import { frameTime, timedUtterance, type TimedText } from "./alignment/timed_text.ts";
import { openLongFiles, readAudioFiles, type AudioFile, type LongFile } from "./audio_files.ts";
import type { Recogniser } from "./recogniser.ts";
import { chunkFrames, type ChunkSeconds } from "./chunks.ts";
import type { DepthPath } from "../config/depths.ts";
import { chunksAtOnce } from "./fitting_chunk.ts";
import { forEachLongPosterior, type LongAudioOptions } from "./long_audio.ts";
import { forEachPosterior } from "./posteriors.ts";
import { hypothesisText } from "./recognise.ts";
import type { Observer } from "../data/observer.ts";

export interface TranscribeOptions extends SearchOptions {
  /** How many different texts to give of each file; none but the best unless given. */
  readonly nbest?: number | undefined;
  /** Also when each word is spoken. */
  readonly timestamps?: boolean | undefined;
  /** Files that are longer than a chunk are recognised in chunks; without it every file as a whole, whatever its length. */
  readonly chunks?: ChunkSeconds | undefined;
}

/** A text that a search found, and why it ranks where it does; natural logarithms. */
export interface RankedText {
  readonly text: string;
  /** log p_ctc; of greedy decoding that of its single best path. */
  readonly ctc: number;
  /** log p_lm, not weighted. */
  readonly lm: number;
  /** What texts are ranked by: ctc + weight · lm + bonus · words. */
  readonly total: number;
}

export interface Transcript {
  readonly file: string;
  readonly text: string;
  readonly depth: number;
  /** Length of the audio. */
  readonly seconds: number;
  /** `ctc` of the text. */
  readonly logProbability: number;
  /** Left out if no path of a long file's text stays among the states that its alignment follows. */
  readonly words?: readonly TimedText[];
  readonly nbest?: readonly RankedText[];
}

export interface Transcription {
  /** In the order of the files, without those that cannot be read. */
  readonly transcripts: readonly Transcript[];
  /** What is wrong with those, a sentence for each. */
  readonly faults: readonly UserError[];
  /** Of all transcripts. */
  readonly audioSeconds: number;
  /** Of the model and the search; reading the audio is not counted, but for that of long files, which goes on meanwhile. */
  readonly computingSeconds: number;
}

/** Files recognised together, as far as they are short. */
const MOST_FILES = 16;

/** A forced alignment follows so many states of a long recording's path: about 20 s of speech behind and before the likeliest. */
const ALIGNED_STATES = 1024;

/**
 * What is said in some files, at one depth: files that are not longer than a chunk as wholes, in batches of files of similar length,
 * and longer ones in chunks, whose log-probabilities are put together before the search. Files that cannot be read are left out.
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
  const { whole, long, faults: unread } = await readAudioFiles(recogniser, files, chunks?.chunk ?? Infinity, observer);
  const faults = [...unread];
  if (whole.length + long.length === 0) return { transcripts: [], faults, audioSeconds: 0, computingSeconds: 0 };

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
      const broken = await forEachLongFile(device, recogniser, long, path, settings, observer, (file, logProbs) =>
        transcribe(file, logProbs, ALIGNED_STATES),
      );
      faults.push(...broken);
    }
    progress.advance(Infinity);
  } finally {
    progress.stop();
  }
  const given = files.flatMap((_, index) => transcripts.get(index) ?? []);
  const audioSeconds = given.reduce((sum, { seconds }) => sum + seconds, 0);
  return { transcripts: given, faults, audioSeconds, computingSeconds: (performance.now() - started) / 1000 };
}

/** What a search finds in a file's log-probabilities `[frames, vocab]`. */
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
    ...(options.nbest !== undefined && { nbest: differentTexts(hypotheses, units).slice(0, options.nbest) }),
  };
}

/** Progress in whole seconds of all these files. */
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

/** Hands out the log-probabilities `[frames, vocab]` of each long file; returns what is wrong with those that turn out to be damaged. */
async function forEachLongFile(
  device: Device,
  recogniser: Recogniser,
  files: readonly LongFile[],
  path: DepthPath,
  settings: LongAudioOptions,
  observer: Observer,
  use: (file: LongFile, logProbs: Float32Array) => void,
): Promise<UserError[]> {
  const broken = new Map<number, UserError>();
  const { recordings, close } = openLongFiles(recogniser, files, observer, (i, fault) => void broken.set(i, fault));
  try {
    await forEachLongPosterior(device, recogniser.model, recordings, path.schedule, settings, (logProbs, i) => {
      if (!broken.has(i)) use(files[i] as LongFile, logProbs);
    });
  } finally {
    close();
  }
  return [...broken.values()];
}

/** Labellings that differ in spaces only are one text: the best of them stands for all. */
function differentTexts(found: readonly BeamHypothesis[], units: Units): RankedText[] {
  const byText = new Map<string, RankedText>();
  for (const { labels, score, lm, total } of found) {
    const text = hypothesisText(labels, units);
    if (!byText.has(text)) byText.set(text, { text, ctc: score, lm, total });
  }
  return [...byText.values()];
}
