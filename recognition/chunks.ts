/**
 * A long recording is recognised in chunks: stretches of equal length, of which neighbours overlap. The model runs on each chunk
 * by itself, and each of its output frames is kept from the chunk in which it is further from an end, so that what the model
 * knows of a frame's surroundings is at least half the overlap on either side:
 *
 *     chunk 0   [-------------|...]
 *     chunk 1             [...|-------------|...]
 *     chunk 2                           [...|-------------]
 *     kept       ------------- ------------- -------------
 *
 * Chunks start on multiples of the model's stride, so that all their output frames lie on the one grid that the whole recording's
 * frames lie on, and there are exactly as many of them. They are spread evenly: what the last one would lack, all overlap more.
 *
 * Where a model takes normalised waveforms, each chunk is brought to mean 0 and variance 1 by itself, as in Hugging Face's pipeline:
 * the loudness of the whole recording is not known before all of it is read. Log-mel features are normalised as in training.
 */
import { UserError } from "../engine/errors.ts";
import type { CtcModel } from "../model/ctc_model.ts";
import type { FrontEnd } from "../model/features/front_end.ts";

/** What a model and its front end say about frames. */
export type FrameCounts = Pick<CtcModel, "outputFrames" | "minInputFrames" | "stride">;

/** How long chunks are, in seconds. */
export interface ChunkSeconds {
  readonly chunk: number;
  /** What neighbours share at least; half of it is computed in vain at either end of a chunk. */
  readonly overlap: number;
}

/** The same in frames of the output, and of the input. */
export interface ChunkFrames {
  readonly frames: number;
  readonly overlap: number;
  /** The fewest input frames that give `frames`; what else there might be, the model's strides pass over. */
  readonly inputFrames: number;
}

/** One chunk of a recording. */
export interface Chunk {
  /** Its first input frame. */
  readonly start: number;
  /** Its output frames that are kept, `from` to before `to`, counted from the recording's first. */
  readonly from: number;
  readonly to: number;
  /** The first of them, counted from the chunk's own first. */
  readonly skipped: number;
}

/** What is shared unless said otherwise, of a chunk's length: Hugging Face's pipeline has a sixth on each side. */
export const defaultOverlap = (chunkSeconds: number): number => chunkSeconds / 6;

/**
 * The lengths of chunks in frames, rounded down.
 *
 * @throws UserError if a chunk is too short for a frame, or to go on by one
 */
export function chunkFrames(
  { chunk, overlap }: ChunkSeconds,
  { outputFrames, minInputFrames, stride }: FrameCounts,
  { sampleRate, frameShift, frameCount }: Pick<FrontEnd, "sampleRate" | "frameShift" | "frameCount">,
): ChunkFrames {
  const framesOf = (seconds: number): number => outputFrames(frameCount(Math.floor(seconds * sampleRate)));
  const frames = framesOf(chunk);
  const shared = Math.min(framesOf(chunk), Math.floor((overlap * sampleRate) / (stride * frameShift)));
  if (frames - shared < 1)
    throw new UserError(
      `chunks of ${chunk} s that share ${overlap} s leave this model no frame to go on by; give longer chunks or a smaller overlap`,
    );
  return { frames, overlap: shared, inputFrames: (frames - 1) * stride + minInputFrames };
}

/**
 * The chunks of a recording of so many input frames, in order. One that is not longer than a chunk is a single chunk, of all its frames.
 *
 * With N output frames of the recording, n of a chunk and o shared, k = 1 + ⌈(N - n) / (n - o)⌉ chunks suffice, and chunk i starts at
 * output frame round(i · (N - n) / (k - 1)), which is input frame that · stride.
 */
export function planChunks(
  inputFrames: number,
  { frames, overlap }: ChunkFrames,
  { outputFrames, stride }: FrameCounts,
): Chunk[] {
  const all = outputFrames(inputFrames);
  const last = Math.max(0, all - frames); // at which the last chunk starts
  const gaps = Math.ceil(last / (frames - overlap));
  const starts = Array.from({ length: gaps + 1 }, (_, i) => (gaps === 0 ? 0 : Math.round((i * last) / gaps)));
  // Halfway between where a chunk starts and where the one before it ends.
  const borders = [
    0,
    ...starts.slice(1).map((start, i) => Math.floor((start + (starts[i] as number) + frames) / 2)),
    all,
  ];
  return starts.map((start, i) => ({
    start: start * stride,
    from: borders[i] as number,
    to: borders[i + 1] as number,
    skipped: (borders[i] as number) - start,
  }));
}
