import type { Device } from "../engine/device.ts";
import type { CtcModel } from "../model/ctc_model.ts";
import type { JointHypothesis } from "../model/decode/joint_search.ts";
import type { DepthSchedule } from "../model/unfold.ts";
import { planChunks, type Chunk, type ChunkFrames } from "./chunks.ts";
import type { LazyItem } from "../data/item.ts";
import { forEachPosterior, type PosteriorOptions } from "./posteriors.ts";

/** A recording whose input frames are read in parts. */
export interface LongRecording {
  /** Total number of input frames. */
  readonly frames: number;
  /** Input frames `from` to before `to`, `[to - from, inputDim]`. */
  features(from: number, to: number): Promise<Float32Array>;
}

export interface LongAudioOptions extends Pick<PosteriorOptions, "decode"> {
  readonly sizes: ChunkFrames;
  /** Chunks per batch, from one recording or several. */
  readonly batchSize: number;
  /** Called after each chunk with the number of output frames that it contributed. */
  readonly onFrames?: (frames: number, recording: number) => void;
}

export interface ChunkOfRecording extends Chunk {
  /** The recording's index. */
  readonly recording: number;
  /** Number of output frames of the whole recording. */
  readonly frames: number;
}

/**
 * Runs recordings longer than a chunk through a schedule, chunk by chunk, and hands out each chunk's log-probabilities
 * `[frames, vocab]` and what `decode` found in it, in order. Memory holds at most two batches of chunks: the features
 * of the second are read while the model works on the first.
 */
export async function forEachChunk(
  device: Device,
  model: CtcModel,
  recordings: readonly LongRecording[],
  schedule: DepthSchedule,
  { sizes, batchSize, decode, onFrames }: LongAudioOptions,
  use: (
    logProbs: Float32Array,
    chunk: ChunkOfRecording,
    found: readonly JointHypothesis[] | undefined,
  ) => void | Promise<void>,
): Promise<void> {
  const { inputFrames } = sizes;
  const chunks = recordings.flatMap(({ frames }, recording) =>
    planChunks(frames, sizes, model).map((chunk) => ({ ...chunk, recording, frames: model.outputFrames(frames) })),
  );
  const features = readAhead(chunks.length, batchSize, (i) => {
    const { recording, start } = chunks[i] as ChunkOfRecording;
    return (recordings[recording] as LongRecording).features(start, start + inputFrames);
  });
  // All have the same length, so they stay in this order and no batch has padding.
  const items = chunks.map((_, i): LazyItem => ({
    frames: inputFrames,
    labels: new Int32Array(),
    features: () => features(i),
  }));
  await forEachPosterior(device, model, items, [schedule], { batchSize, decode }, (logProbs, i, _, __, found) => {
    const chunk = chunks[i] as ChunkOfRecording;
    onFrames?.(chunk.to - chunk.from, chunk.recording);
    return use(logProbs, chunk, found);
  });
}

/**
 * The same, for searches of whole recordings: hands out each one's log-probabilities `[frames, vocab]`, assembled from
 * the kept frames of its chunks, in the order of the recordings. Memory also holds those of one recording, and of those
 * that are still used.
 */
export async function forEachLongPosterior(
  device: Device,
  model: CtcModel,
  recordings: readonly LongRecording[],
  schedule: DepthSchedule,
  options: Omit<LongAudioOptions, "decode">,
  use: (logProbs: Float32Array, recording: number) => void | Promise<void>,
): Promise<void> {
  const { vocabulary } = model.config;
  let stitched: Float32Array | undefined;
  await forEachChunk(
    device,
    model,
    recordings,
    schedule,
    options,
    (logProbs, { recording, frames, from, to, skipped }) => {
      stitched ??= new Float32Array(frames * vocabulary);
      stitched.set(logProbs.subarray(skipped * vocabulary, (skipped + to - from) * vocabulary), from * vocabulary);
      if (to < frames) return;
      const whole = stitched;
      stitched = undefined;
      return use(whole, recording);
    },
  );
}

/** Reads item i on request, and then starts reading the one `ahead` further on. */
function readAhead<Item>(
  count: number,
  ahead: number,
  read: (i: number) => Promise<Item>,
): (i: number) => Promise<Item> {
  const begun = new Map<number, Promise<Item>>();
  return (i) => {
    const item = begun.get(i) ?? read(i);
    begun.delete(i);
    if (i + ahead < count) {
      const next = read(i + ahead);
      next.catch(() => undefined); // thrown when it is requested
      begun.set(i + ahead, next);
    }
    return item;
  };
}
