import type { Device } from "../engine/device.ts";
import { UserError } from "../engine/errors.ts";
import { forcedAlignment } from "../model/decode/forced_alignment.ts";
import type { BeamHypothesis } from "../model/decode/prefix_beam.ts";
import { search, type SearchOptions } from "../model/decode/search.ts";
import type { Cmvn } from "../model/features/cmvn.ts";
import { MIN_FRAMES } from "../model/subsampling.ts";
import type { Units } from "../model/units/units.ts";
import { frameTime, timedUtterance, type TimedText } from "./alignment/timed_text.ts";
import type { Recognizer } from "./build_model.ts";
import type { BatchItem } from "./data/batch.ts";
import type { FeatureSource } from "./data/feature_source.ts";
import { openFinishedSource } from "./data/open_feature_source.ts";
import { inOrder } from "./data/workers/in_order.ts";
import type { DepthPath } from "./depths.ts";
import { forEachPosterior } from "./posteriors.ts";
import { hypothesisText } from "./recognise.ts";
import type { RunObserver } from "./run_observer.ts";

export interface TranscribeOptions extends SearchOptions {
  /** How many different texts to give of each file; none but the best unless given. */
  readonly nbest?: number | undefined;
  /** Also when each word is spoken. */
  readonly timestamps?: boolean | undefined;
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
  /** Of the model and the search; reading the audio is not counted. */
  readonly computingSeconds: number;
}

interface ReadFile extends BatchItem {
  readonly file: string;
  readonly seconds: number;
}

/** What is said in some files, at one depth, in batches of files of similar length. Those that cannot be read are left out. */
export async function transcribeFiles(
  device: Device,
  recognizer: Recognizer,
  files: readonly string[],
  path: DepthPath,
  observer: RunObserver,
  options: TranscribeOptions,
): Promise<Transcription> {
  const { model, units, fbank } = recognizer;
  const { vocabulary, blank } = model.config;
  const { utterances, faults } = await readFiles(recognizer, files, observer);
  if (utterances.length === 0) return { transcripts: [], faults, audioSeconds: 0, computingSeconds: 0 };
  const transcripts = new Array<Transcript>(utterances.length);
  const task = observer.task("recognising", utterances.length);
  const started = performance.now();
  await forEachPosterior(device, model, utterances, [path.schedule], { onProgress: task.update }, (logProbs, i) => {
    const found = search(logProbs, vocabulary, blank, options);
    const { labels, score } = found[0] as BeamHypothesis;
    const { file, seconds } = utterances[i] as ReadFile;
    const alignment = options.timestamps ? forcedAlignment(logProbs, vocabulary, labels, { blank }) : undefined;
    transcripts[i] = {
      file,
      text: hypothesisText(labels, units),
      depth: path.depth,
      seconds,
      logProbability: score,
      ...(alignment && { words: timedUtterance(alignment, units, frameTime(fbank.options)).words }),
      ...(options.nbest !== undefined && { nbest: differentTexts(found, units).slice(0, options.nbest) }),
    };
  }).finally(task.stop);
  const audioSeconds = utterances.reduce((sum, { seconds }) => sum + seconds, 0);
  return { transcripts, faults, audioSeconds, computingSeconds: (performance.now() - started) / 1000 };
}

async function readFiles({ config, cmvn }: Recognizer, files: readonly string[], observer: RunObserver): Promise<{ utterances: ReadFile[]; faults: UserError[] }> {
  const source = openFinishedSource(config, observer.message, { keep: false });
  const task = observer.task("reading audio", files.length);
  const read = (file: string): Promise<ReadFile | UserError> =>
    readFile(source, file, cmvn).catch((error: unknown) => {
      if (error instanceof UserError) return error;
      throw error;
    });
  const utterances: ReadFile[] = [];
  const faults: UserError[] = [];
  try {
    for await (const found of inOrder(files, source.ahead, read)) {
      if (found instanceof UserError) faults.push(found);
      else utterances.push(found);
      task.update(utterances.length + faults.length, files.length);
    }
  } finally {
    task.stop();
    source.close();
  }
  return { utterances, faults };
}

async function readFile(source: FeatureSource, file: string, cmvn: Cmvn): Promise<ReadFile> {
  const { sampleRate } = source.fbank.options;
  const { samples, frames, values } = await source.get({ path: file, piece: undefined, cmvn });
  if (frames < MIN_FRAMES)
    throw new UserError(`${file}: ${Math.round((1000 * samples) / sampleRate)} ms of audio are too short to recognise anything; ${MIN_FRAMES} frames of features are needed`);
  return { file, features: values as Float32Array, frames, labels: new Int32Array(), seconds: samples / sampleRate };
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
