import type { Command } from "commander";
import type { AdapterOptions } from "../engine/adapter.ts";
import { openDevice } from "../engine/device.ts";
import { UserError } from "../engine/errors.ts";
import { applyCmvn } from "../model/features/cmvn.ts";
import { MIN_FRAMES } from "../model/subsampling.ts";
import { openRecognizer } from "../train/build_model.ts";
import { readAudio } from "../train/data/audio.ts";
import type { BatchItem } from "../train/data/batch.ts";
import { recognise } from "../train/recognise.ts";
import { adapterOptions, addAdapterOptions } from "./adapter_options.ts";
import { parseDepths, parsePositive } from "./depths_option.ts";

interface TranscribeOptions extends AdapterOptions {
  depth?: string;
  beam?: string;
  json?: true;
}

export function register(program: Command): void {
  const command = program
    .command("transcribe <checkpoint> <file...>")
    .description("Print what is said in WAV or FLAC files.")
    .option("--depth <depth>", "logical depth (default: the deepest of the checkpoint's config)")
    .option("--beam <width>", "CTC prefix beam search of this width instead of greedy decoding")
    .option("--json", "print one JSON object a file");
  addAdapterOptions(command).action(runTranscribe);
}

async function runTranscribe(checkpoint: string, files: string[], options: TranscribeOptions): Promise<void> {
  const beam = parsePositive("--beam", options.beam);
  const device = await openDevice(adapterOptions(options));
  const { model, config, units, fbank, cmvn } = openRecognizer(device, checkpoint);
  const path = parseDepths(options.depth, config).at(-1);
  if (!path) throw new UserError("--depth: expected a whole number");
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
  device.close();
  files.forEach((file, i) => {
    const hypothesis = result?.hypotheses[i];
    const text = units.decode(hypothesis?.labels ?? []).trim();
    const line = options.json ? JSON.stringify({ file, text, depth: path.depth, seconds: utterances[i]?.seconds, logProbability: hypothesis?.score }) : `${file}\t${text}`;
    process.stdout.write(`${line}\n`);
  });
}
