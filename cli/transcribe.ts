import type { Command } from "commander";
import type { AdapterOptions } from "../engine/adapter.ts";
import { openDevice, type Device } from "../engine/device.ts";
import { UserError } from "../engine/errors.ts";
import { applyCmvn } from "../model/features/cmvn.ts";
import type { Hypothesis } from "../model/decode/hypothesis.ts";
import { MIN_FRAMES } from "../model/subsampling.ts";
import { openRecognizer, type Recognizer } from "../train/build_model.ts";
import { readAudio } from "../train/data/audio.ts";
import type { BatchItem } from "../train/data/batch.ts";
import { recognise } from "../train/recognise.ts";
import { adapterOptions, addAdapterOptions } from "./adapter_options.ts";
import { parseBeam, parseDepth } from "./depths_option.ts";

interface TranscribeOptions extends AdapterOptions {
  depth?: string;
  beam?: string;
  json?: true;
}

export function register(program: Command): void {
  const command = program
    .command("transcribe <checkpoint> <file...>")
    .description("Print what is said in WAV, FLAC, MP3, Ogg Vorbis or Ogg Opus files.")
    .option("--depth <depth>", "logical depth (default: the deepest of the checkpoint's config)")
    .option("--beam <width>", "CTC prefix beam search of this width instead of greedy decoding")
    .option("--json", "print one JSON object a file");
  addAdapterOptions(command).action(runTranscribe);
}

async function runTranscribe(checkpoint: string, files: string[], options: TranscribeOptions): Promise<void> {
  const beam = parseBeam(options.beam);
  const device = await openDevice(adapterOptions(options));
  const transcripts = await transcribeFiles(device, openRecognizer(device, checkpoint), files, { beam, depth: options.depth });
  device.close();
  for (const transcript of transcripts) process.stdout.write(options.json ? `${JSON.stringify(transcript)}\n` : `${transcript.file}\t${transcript.text}\n`);
}

export interface Transcript {
  readonly file: string;
  readonly text: string;
  readonly depth: number;
  /** Length of the audio. */
  readonly seconds: number;
  readonly logProbability: number;
}

/** What is said in some files, at one depth (the deepest unless given). Throws UserError for a file that cannot be read. */
export async function transcribeFiles(
  device: Device,
  { model, config, units, fbank, cmvn }: Recognizer,
  files: readonly string[],
  { beam, depth }: { beam?: number | undefined; depth?: string | undefined },
): Promise<Transcript[]> {
  const path = parseDepth(depth, config);
  const { sampleRate } = fbank.options;
  const utterances: (BatchItem & { seconds: number })[] = [];
  for (const file of files) {
    const { samples } = await readAudio(file, sampleRate);
    const { frames, values } = applyCmvn(cmvn, fbank.compute(samples));
    if (frames < MIN_FRAMES)
      throw new UserError(`${file}: ${Math.round((1000 * samples.length) / sampleRate)} ms of audio are too short to recognise anything; ${MIN_FRAMES} frames of features are needed`);
    utterances.push({ features: values, frames, labels: new Int32Array(), seconds: samples.length / sampleRate });
  }
  const [result] = await recognise(device, model, utterances, [path.schedule], { beam });
  return files.map((file, i) => {
    const { labels, score } = result?.hypotheses[i] as Hypothesis;
    return { file, text: units.decode(labels).trim(), depth: path.depth, seconds: (utterances[i] as { seconds: number }).seconds, logProbability: score };
  });
}
