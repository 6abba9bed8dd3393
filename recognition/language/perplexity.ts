import type { Device } from "../../engine/device.ts";
import { Tape } from "../../engine/tape.ts";
import { read } from "../../engine/transfer.ts";
import { crossEntropy } from "../../kernels/cross_entropy/cross_entropy.ts";
import type { TransformerLm } from "../../model/language/transformer_lm.ts";
import type { Sentence } from "../../data/sentences/sentences.ts";
import { textBatch } from "../../data/sentences/text_batch.ts";

/** What a language model says of a text. */
export interface Perplexity {
  readonly sentences: number;
  /** Without the sentences' ends, which are predicted too. */
  readonly units: number;
  readonly words: number;
  /** Natural logarithm, of all sentences and their ends. */
  readonly logProbability: number;
  /** exp(-logProbability / (units + sentences)), and the same of words. */
  readonly perUnit: number;
  readonly perWord: number;
}

/** Reads sentences in batches of similar length. */
export async function perplexityOf(
  device: Device,
  model: TransformerLm,
  sentences: readonly Sentence[],
  batchSize: number,
  onProgress?: (done: number, total: number) => void,
): Promise<Perplexity> {
  const byLength = sentences.toSorted((a, b) => a.labels.length - b.labels.length);
  let logProbability = 0;
  for (let from = 0; from < byLength.length; from += batchSize) {
    const members = byLength.slice(from, from + batchSize);
    logProbability += await logProbabilityOf(device, model, members);
    onProgress?.(from + members.length, byLength.length);
  }
  const units = sentences.reduce((sum, { labels }) => sum + labels.length, 0);
  const words = sentences.reduce((sum, { text }) => sum + text.split(" ").length, 0);
  const per = (tokens: number): number => Math.exp(-logProbability / (tokens + sentences.length));
  return {
    sentences: sentences.length,
    units,
    words,
    logProbability,
    perUnit: per(units),
    perWord: per(words),
  };
}

async function logProbabilityOf(device: Device, model: TransformerLm, members: readonly Sentence[]): Promise<number> {
  const batch = textBatch(members, model.sentenceEnd);
  const shape = [batch.size, batch.longest] as const;
  const tape = new Tape(device, { grad: false });
  try {
    const [inputs, outputs] = [tape.upload(batch.inputs, shape), tape.upload(batch.outputs, shape)];
    const losses = crossEntropy(tape, model.forward(tape, inputs), outputs, { reduction: "none" });
    return -((await read(device, losses)) as Float32Array).reduce((sum, loss) => sum + loss, 0);
  } finally {
    tape.end();
  }
}
