import type { Device } from "../engine/device.ts";
import { Tape } from "../engine/tape.ts";
import { read } from "../engine/tensor.ts";
import { logSoftmax } from "../kernels/softmax/softmax.ts";
import type { ConformerCtc } from "../model/conformer_ctc.ts";
import { greedySearchBatch } from "../model/decode/greedy.ts";
import type { Hypothesis } from "../model/decode/hypothesis.ts";
import { prefixBeamSearchBatch } from "../model/decode/prefix_beam.ts";
import type { DepthSchedule } from "../model/unfold.ts";
import { padBatch, type BatchItem } from "./data/batch.ts";

export interface RecogniseOptions {
  /** Width of the prefix beam search; greedy without it. */
  readonly beam?: number | null | undefined;
  /** Utterances of a batch. */
  readonly batchSize?: number;
  /** Called after each batch with the utterances done. */
  readonly onProgress?: (done: number, total: number) => void;
}

export interface Recognised {
  /** Best hypothesis of each utterance, in their order. */
  readonly hypotheses: readonly Hypothesis[];
  /** Share of real frames whose likeliest class is the blank; near 1 a model has collapsed. */
  readonly blankRatio: number;
}

/** Runs the utterances through every schedule (shared prefixes once) and decodes each path's posteriors. */
export async function recognise(
  device: Device,
  model: ConformerCtc,
  utterances: readonly BatchItem[],
  schedules: readonly DepthSchedule[],
  options: RecogniseOptions = {},
): Promise<Recognised[]> {
  const { beam, batchSize = 16, onProgress } = options;
  const { inputDim, vocabulary, blank } = model.config;
  const results = schedules.map(() => ({ hypotheses: new Array<Hypothesis>(utterances.length), blanks: 0, frames: 0 }));
  // Batches of similar length, so that little of them is padding.
  const order = utterances.map((_, i) => i).sort((a, b) => (utterances[b] as BatchItem).frames - (utterances[a] as BatchItem).frames);
  for (let start = 0; start < order.length; start += batchSize) {
    const members = order.slice(start, start + batchSize);
    const batch = padBatch(members.map((i) => utterances[i] as BatchItem), inputDim);
    const tape = new Tape(device, { grad: false });
    try {
      const features = tape.upload(batch.features, [batch.size, batch.frames, inputDim]);
      const output = model.forward(tape, features, [...batch.lengths], schedules);
      const posteriors = await Promise.all(output.logits.map((logits) => read(device, logSoftmax(tape, logits)) as Promise<Float32Array>));
      for (const [path, logProbs] of posteriors.entries()) {
        const shape = (output.logits[path] as { shape: readonly number[] }).shape as readonly [number, number, number];
        const result = results[path] as (typeof results)[number];
        const decoded = beam
          ? prefixBeamSearchBatch(logProbs, shape, output.lengths, { beam, blank }).map((list) => list[0] as Hypothesis)
          : greedySearchBatch(logProbs, shape, output.lengths, { blank });
        members.forEach((i, row) => (result.hypotheses[i] = decoded[row] as Hypothesis));
        output.lengths.forEach((length, row) => {
          result.frames += length;
          result.blanks += countBlanks(logProbs.subarray(row * shape[1] * vocabulary, (row * shape[1] + length) * vocabulary), vocabulary, blank);
        });
      }
    } finally {
      tape.end();
    }
    onProgress?.(Math.min(start + batchSize, order.length), order.length);
  }
  return results.map(({ hypotheses, blanks, frames }) => ({ hypotheses, blankRatio: frames === 0 ? 0 : blanks / frames }));
}

function countBlanks(logProbs: Float32Array, vocabulary: number, blank: number): number {
  let blanks = 0;
  for (let start = 0; start < logProbs.length; start += vocabulary) {
    const frame = logProbs.subarray(start, start + vocabulary);
    const top = frame[blank] as number;
    if (frame.every((value) => value <= top)) blanks++;
  }
  return blanks;
}
