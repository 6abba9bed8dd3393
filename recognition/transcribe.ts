import type { Device } from "../engine/device.ts";
import { UserError } from "../engine/errors.ts";
import type { JointHypothesis } from "../model/decode/joint_search.ts";
import type { BeamHypothesis } from "../model/decode/prefix_beam.ts";
import { search, type SearchOptions } from "../model/decode/search.ts";
import { frameTime } from "./alignment/timed_text.ts";
import {
  openLongFiles,
  readAudioFiles,
  type AudioFile,
  type LongFile,
  type OnRemark,
  type WholeFile,
} from "./audio_files.ts";
import type { Recogniser } from "./recogniser.ts";
import { wordsOfChunk, type ChunkWords } from "./chunk_words.ts";
import { chunkFrames, type ChunkSeconds } from "./chunks.ts";
import type { DepthPath } from "../config/depths.ts";
import { decoderSearch, withoutDecoder, type DecoderSearch } from "./decoder_search.ts";
import { chunksAtOnce } from "./fitting_chunk.ts";
import { forEachChunk, forEachLongPosterior, type LongAudioOptions, type LongRecording } from "./long_audio.ts";
import { batchedSearch } from "./batched_search.ts";
import { expectSamePlan, inOrderOfItems, ownItems, ownOf, wholeSet, type Place, type Shared } from "./shares.ts";
import { forEachPosterior } from "./posteriors.ts";
import {
  foundByCtc,
  foundByDecoder,
  transcriptOf,
  transcriptOfChunks,
  type Transcript,
  type TranscriptOptions,
} from "./transcript.ts";
import type { Observer } from "../data/observer.ts";

export interface TranscribeOptions extends SearchOptions, TranscriptOptions {
  /** How a decoder takes part; left out, CTC decodes alone. */
  readonly decoding?: DecoderSearch | undefined;
  /**
   * Files longer than a chunk are recognised in chunks; if undefined, every file is recognised whole, whatever its
   * length.
   */
  readonly chunks?: ChunkSeconds | undefined;
  /**
   * Which part of the files to recognise; all of them by default. All are read. What comes out of it is what comes out of all files, to the
   * last bit; of files longer than a chunk to rounding, as their chunks are recognised beside other ones.
   */
  readonly place?: Place;
}

export interface Transcription extends Shared {
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
 * longer ones in chunks, whose log-probabilities are joined before CTC's search. A decoder searches each chunk instead,
 * and their words are joined. Unreadable files are left out.
 *
 * @throws UserError for a search with a decoder that the model does not have
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
  const { chunks, decoding, place = wholeSet } = options;
  const { vocabulary, blank } = model.config;
  if (decoding && !model.decoder) throw withoutDecoder(decoding.kind, recogniser.checkpoint.path);
  const decode = decoding && decoderSearch(device, model, decoding, options);
  const sizes = chunks && chunkFrames(chunks, model, frontEnd);
  const remarks = new Set<string>();
  const onRemark: OnRemark = (file, remark) => void remarks.add(`${file}: ${remark}`);
  const read = await readAudioFiles(recogniser, files, chunks?.chunk ?? Infinity, observer, onRemark);
  const [allLong, refused] = chunks && decoding ? withoutLists(read.long, options, chunks) : [read.long, []];
  const faults = [...read.faults, ...refused];

  const longest = read.whole.reduce((most, { seconds }) => Math.max(most, seconds), 0);
  const batchSize = read.whole.length > 1 ? Math.min(MOST_FILES, chunksAtOnce(device, recogniser, path, longest)) : 1;
  const frames = read.whole.map((file) => file.frames);
  const whole = ownItems(frames, batchSize, model, place).map((i) => read.whole[i] as WholeFile);
  const long = ownOf(
    allLong.toSorted((a, b) => b.samples - a.samples),
    place,
  ).sort((a, b) => a.index - b.index);
  const plan = [
    batchSize,
    chunks?.chunk ?? 0,
    ...[...read.whole, ...allLong].flatMap(({ index, seconds }) => [index, seconds]),
  ];
  if (whole.length + long.length === 0)
    return { transcripts: [], faults, remarks: [...remarks], audioSeconds: 0, computingSeconds: 0, plan, indices: [] };

  const transcripts = new Map<number, Transcript>();
  const keep = (file: AudioFile, transcript: Transcript): void => void transcripts.set(file.index, transcript);
  const byDecoder = foundByDecoder(decoding?.kind === "attention");
  const withModel = decoding ? undefined : batchedSearch(device, model, options);
  const byCtc = async (file: AudioFile, logProbs: Float32Array, window?: number): Promise<void> => {
    const list = await (withModel?.({ logProbs: [logProbs] }) ?? [await search(logProbs, vocabulary, blank, options)]);
    const hypotheses = (list[0] as readonly BeamHypothesis[]).map(foundByCtc);
    keep(file, transcriptOf(file, logProbs, hypotheses, recogniser, path.depth, options, window));
  };
  const progress = secondsOfAudio(observer, [...whole, ...long]);
  const started = performance.now();
  try {
    await forEachPosterior<JointHypothesis | BeamHypothesis>(
      device,
      model,
      whole,
      [path.schedule],
      { batchSize, decode: decode ?? withModel },
      async (logProbs, i, _, __, found) => {
        const file = whole[i] as AudioFile;
        const hypotheses = found?.map((one) => ("attention" in one ? byDecoder(one) : foundByCtc(one)));
        if (hypotheses) keep(file, transcriptOf(file, logProbs, hypotheses, recogniser, path.depth, options));
        else await byCtc(file, logProbs);
        progress.advance(file.seconds);
      },
    );
    if (chunks && sizes && long.length > 0) {
      const secondsOfFrame = frameTime(model, frontEnd)(1);
      const settings = {
        sizes,
        batchSize: chunksAtOnce(device, recogniser, path, chunks.chunk),
        onFrames: (frames: number) => progress.advance(frames * secondsOfFrame),
        decode,
      };
      const broken = await withLongFiles(recogniser, long, { observer, onRemark }, async (recordings, isBroken) => {
        const file = (i: number): LongFile => long[i] as LongFile;
        if (decode)
          await forEachChunked(device, recogniser, recordings, path, settings, (words, i) => {
            if (!isBroken(i)) keep(file(i), transcriptOfChunks(file(i), words, recogniser, path.depth, options));
          });
        else
          await forEachLongPosterior(device, model, recordings, path.schedule, settings, async (logProbs, i) => {
            if (!isBroken(i)) await byCtc(file(i), logProbs, ALIGNED_STATES);
          });
      });
      faults.push(...broken);
    }
    progress.advance(Infinity);
  } finally {
    progress.stop();
  }
  const indices = [...transcripts.keys()].sort((a, b) => a - b);
  const given = indices.map((index) => transcripts.get(index) as Transcript);
  const audioSeconds = given.reduce((sum, { seconds }) => sum + seconds, 0);
  const computingSeconds = (performance.now() - started) / 1000;
  return { transcripts: given, faults, remarks: [...remarks], audioSeconds, computingSeconds, plan, indices };
}

/**
 * The transcription of files that were shared out: what one process would have found. The time is the slowest one's.
 *
 * @throws UserError as `expectSamePlan` does
 */
export function mergeTranscriptions(
  parts: readonly (Omit<Transcription, "faults"> & { readonly faults: readonly Pick<UserError, "message">[] })[],
): Transcription {
  expectSamePlan(parts);
  // All have read all files; damage within a long one is found by the process that recognises it.
  const [first = [], ...others] = parts.map(({ faults }) => faults.map(({ message }) => message));
  const faults = [...first, ...others.flat().filter((message) => !first.includes(message))];
  return {
    transcripts: inOrderOfItems(parts, ({ transcripts }) => transcripts),
    faults: faults.map((message) => new UserError(message)),
    remarks: [...new Set(parts.flatMap(({ remarks }) => remarks))],
    audioSeconds: parts.reduce((sum, part) => sum + part.audioSeconds, 0),
    computingSeconds: Math.max(...parts.map(({ computingSeconds }) => computingSeconds)),
    plan: parts[0]?.plan ?? [],
    indices: parts.flatMap(({ indices }) => indices).sort((a, b) => a - b),
  };
}

/** The long files that a decoder can transcribe, and one error for each other: the chunks' lists have no common ranking. */
function withoutLists(
  files: readonly LongFile[],
  { nbest }: TranscribeOptions,
  { chunk }: ChunkSeconds,
): [LongFile[], UserError[]] {
  if (nbest === undefined) return [[...files], []];
  const sentence = ({ file }: LongFile): string =>
    `${file}: a list of the best texts needs a search of the whole file, but a decoder searches files longer than ${chunk} s in chunks; use longer chunks, or CTC's search`;
  return [[], files.map((file) => new UserError(sentence(file)))];
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

/** Opens long files while `work` reads them; returns the errors of those found to be damaged. */
async function withLongFiles(
  recogniser: Recogniser,
  files: readonly LongFile[],
  { observer, onRemark }: { observer: Observer; onRemark: OnRemark },
  work: (recordings: readonly LongRecording[], isBroken: (recording: number) => boolean) => Promise<void>,
): Promise<UserError[]> {
  const broken = new Map<number, UserError>();
  const onFault = (file: number, fault: UserError): void => void broken.set(file, fault);
  const { recordings, close } = openLongFiles(recogniser, files, observer, { onFault, onRemark });
  try {
    await work(recordings, (i) => broken.has(i));
  } finally {
    close();
  }
  return [...broken.values()];
}

/** Hands out what a decoder finds in each recording's chunks. */
async function forEachChunked(
  device: Device,
  { model, units }: Recogniser,
  recordings: readonly LongRecording[],
  path: DepthPath,
  settings: LongAudioOptions,
  use: (words: readonly ChunkWords[], recording: number) => void,
): Promise<void> {
  let words: ChunkWords[] = [];
  await forEachChunk(device, model, recordings, path.schedule, settings, (logProbs, chunk, found) => {
    const { recording, frames, from, to, skipped } = chunk;
    words.push(wordsOfChunk(logProbs, found?.[0]?.labels ?? new Int32Array(), model, units, from - skipped));
    if (to < frames) return;
    use(words, recording);
    words = [];
  });
}
