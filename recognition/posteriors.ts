import type { Device } from "../engine/device.ts";
import { Tape } from "../engine/tape.ts";
import { type Tensor } from "../engine/tensor.ts";
import { read, readLater } from "../engine/transfer.ts";
import { ctcLoss } from "../kernels/ctc_loss/ctc_loss.ts";
import { logSoftmax } from "../kernels/softmax/softmax.ts";
import type { CtcModel } from "../model/ctc_model.ts";
import type { Hypothesis } from "../model/decode/hypothesis.ts";
import type { DepthSchedule } from "../model/unfold.ts";
import { padBatch, type Batch } from "../data/batches/batch.ts";
import { loadItems, type LazyItem } from "../data/item.ts";
import type { EncodedUtterances } from "./joint_search.ts";
import { evaluationBatches } from "../data/batches/evaluation_batches.ts";

export interface PosteriorOptions<Found extends Hypothesis = Hypothesis> {
  /**
   * Maximum number of utterances in a batch; 16 by default. If padding affects the model, only utterances of the same
   * length share a batch.
   */
  readonly batchSize?: number;
  /** What a search on the device finds in a batch of encoded utterances, while they are there. */
  readonly decode?: ((encoded: EncodedUtterances) => Promise<readonly (readonly Found[])[]>) | undefined;
  /** Called after each batch with the number of utterances done. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Reference labels of each utterance, null if unknown; also computes their CTC losses in the same pass. */
  readonly references?: readonly (Int32Array | null)[] | undefined;
}

/**
 * @param logProbs  log-probabilities `[frames, vocab]`, padding cut off
 * @param utterance index of the utterance
 * @param schedule  index of the schedule
 * @param loss      CTC loss of the reference; null without one
 * @param found     what `decode` found, best first
 */
export type UsePosterior<Found extends Hypothesis = Hypothesis> = (
  logProbs: Float32Array,
  utterance: number,
  schedule: number,
  loss: number | null,
  found?: readonly Found[],
) => void | Promise<void>;

/**
 * Runs the utterances through every schedule (shared prefixes once), in batches of similar length, and hands out each
 * utterance's log-posteriors as soon as they are computed. A `use` that takes its time, such as a search on another
 * thread, goes on while the device computes the next batch, so that memory holds the log-posteriors of three at most.
 */
export async function forEachPosterior<Found extends Hypothesis = Hypothesis>(
  device: Device,
  model: CtcModel,
  utterances: readonly LazyItem[],
  schedules: readonly DepthSchedule[],
  { batchSize = 16, onProgress, references, decode }: PosteriorOptions<Found>,
  use: UsePosterior<Found>,
): Promise<void> {
  const { inputDim, vocabulary, blank } = model.config;
  let done = 0;
  let earlier: Promise<void> = Promise.resolve(); // what the batch before is used for
  for (const members of evaluationBatches(
    utterances.map(({ frames }) => frames),
    batchSize,
    model,
  )) {
    const labels = (i: number): Int32Array => references?.[i] ?? new Int32Array();
    const batch = padBatch(
      await loadItems(members.map((i) => ({ ...(utterances[i] as LazyItem), labels: labels(i) }))),
      inputDim,
    );
    const uses: (void | Promise<void>)[] = [];
    const tape = new Tape(device, { grad: false });
    try {
      const features = tape.upload(batch.features, [batch.size, batch.frames, inputDim]);
      const { states, logits, lengths, deviceLengths } = model.forward(tape, features, [...batch.lengths], schedules);
      const ofReferences = references ? utteranceLosses(tape, logits, deviceLengths, batch, blank) : [];
      const [losses, posteriors] = await Promise.all([
        Promise.all(ofReferences.map((path) => readLater(device, path))), // submitted together with the next
        Promise.all(logits.map((path) => read(device, logSoftmax(tape, path)) as Promise<Float32Array>)),
      ]);
      for (const [schedule, logProbs] of posteriors.entries()) {
        if (model.decoder) forbid(logProbs, model.decoder.sentenceEnd, vocabulary);
        const frames = (logits[schedule] as Tensor).shape[1] as number;
        const rows = lengths.map((length, row) => {
          const first = row * frames * vocabulary;
          return logProbs.subarray(first, first + length * vocabulary);
        });
        const found = await decode?.({
          states: states[schedule] as Tensor,
          lengths,
          logProbs: rows,
          blank,
          depth: (schedules[schedule] as DepthSchedule).length,
        });
        for (const [row, utterance] of members.entries()) {
          const loss = references?.[utterance] ? (losses[schedule]?.[row] as number) : null;
          uses.push(use(rows[row] as Float32Array, utterance, schedule, loss, found?.[row]));
        }
      }
    } finally {
      tape.end();
    }
    await earlier;
    earlier = Promise.all(uses).then(() => onProgress?.((done += members.length), utterances.length));
    earlier.catch(() => undefined); // thrown when it is awaited
  }
  await earlier;
}

/** Gives a class probability 0 in every frame: the end of a sentence is no text, and the decoder alone may say it. */
function forbid(logProbs: Float32Array, label: number, vocabulary: number): void {
  for (let i = label; i < logProbs.length; i += vocabulary) logProbs[i] = -Infinity;
}

/**
 * The CTC loss of each utterance of a batch along each path, natural logarithm; 0 if the labels cannot be aligned.
 * Temporary tensors are freed at once, before anything else of the logits' size is allocated.
 *
 * @param logits  of each path, `[batch, frames, classes]`
 * @param lengths i32 `[batch]`, real frames of the logits
 * @returns       `[batch]` for each path
 */
export function utteranceLosses(
  tape: Tape,
  logits: readonly Tensor[],
  lengths: Tensor,
  batch: Pick<Batch, "size" | "maxLabels" | "targets" | "targetLengths">,
  blank: number,
): Tensor[] {
  const targets = tape.upload(batch.targets, [batch.size, batch.maxLabels]);
  const targetLengths = tape.upload(batch.targetLengths, [batch.size]);
  return logits.map((path) =>
    tape.scope(() => ctcLoss(tape, path, targets, lengths, targetLengths, { blank, reduction: "none" })),
  );
}
