import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeWav } from "../data/audio/wav.ts";

/** What the six utterances "say"; the first two are dev and test as well. */
const TEXTS = ["ab", "ba", "a", "b", "aab", "abb"];
const RATE = 8000;

/** A manifest's line, with what a test wants otherwise. */
export interface ManifestLine {
  audio_filepath: string;
  text: string;
  duration?: number;
  [field: string]: unknown;
}

/** The lines of the whole corpus, to be changed and written by a test as a manifest of its own. */
export const corpusLines = (): ManifestLine[] =>
  TEXTS.map((text, i) => ({ audio_filepath: `u${i}.wav`, text, duration: lengthOf(i) / RATE }));

const lengthOf = (i: number): number => 4000 + 300 * i;

/** Half a second of two tones: each utterance has its own pitch. */
const tones = (i: number): Float32Array =>
  Float32Array.from(
    { length: lengthOf(i) },
    (_, n) => 0.3 * Math.sin((2 * Math.PI * (300 + 200 * i) * n) / RATE) + 0.05 * Math.sin(n * n),
  );

/**
 * Writes six WAV files, the manifests train.jsonl and dev.jsonl and config.yaml into a folder: a model of a few thousand
 * parameters, trained for twenty steps of two batches, with all that a resumed run has to repeat: dropout, SpecAugment, depths
 * drawn at random, running statistics, means over steps before and after a checkpoint.
 */
export async function writeSmallCorpus(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  for (const i of TEXTS.keys()) await writeWav(join(folder, `u${i}.wav`), tones(i), RATE);
  writeManifest(join(folder, "train.jsonl"), corpusLines());
  writeManifest(join(folder, "dev.jsonl"), corpusLines().slice(0, 2));
  writeFileSync(join(folder, "config.yaml"), CONFIG);
}

/** Lines that are strings are written as they are. */
export function writeManifest(file: string, lines: readonly (ManifestLine | string)[]): void {
  writeFileSync(file, lines.map((line) => `${typeof line === "string" ? line : JSON.stringify(line)}\n`).join(""));
}

const CONFIG = `data: { train: train.jsonl, dev: dev.jsonl, test: dev.jsonl, sample_rate: ${RATE}, cache: features }
features: { bins: 10 }
spec_augment: { freq_width: 2, time_width: 5 }
batch: { size: 2, accumulate: 2 }
model: { dim: 16, heads: 2, blocks: 1, feed_forward_dim: 16, conv_kernel: 3, conv_norm: batch_norm, subsampling_channels: 4, dropout: 0.1 }
unfold: { depths: [1, 3] }
loss: { middle_depths: 1 }
schedule: { warmup_steps: 2 }
steps: 20
eval: { every_steps: 5 }
checkpoint: { every_steps: 4 }
log: { every_steps: 3 }
`;
