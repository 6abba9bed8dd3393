/**
 * A long recording is recognised in overlapping chunks of equal length. The model runs on each chunk by itself, and
 * each output frame is taken from the chunk in which it is further from an end, so the model sees at least half the
 * overlap as context on either side:
 *
 *     chunk 0   [-------------|...]
 *     chunk 1             [...|-------------|...]
 *     chunk 2                           [...|-------------]
 *     kept       ------------- ------------- -------------
 *
 * Chunks start at multiples of the model's stride, so their output frames lie on the same grid as the whole
 * recording's, and there are exactly as many. They are spread evenly: rather than one short last chunk, all chunks
 * overlap more.
 *
 * For a model with normalised waveforms, each chunk is normalised to mean 0 and variance 1 by itself, as in Hugging
 * Face's pipeline: the loudness of the whole recording is unknown until all of it is read. Log-mel features are
 * normalised as in training.
 */
import { UserError } from "../engine/errors.ts";
import type { CtcModel } from "../model/ctc_model.ts";
import type { FrontEnd } from "../model/features/front_end.ts";

/** What a model determines about frames. */
export type FrameCounts = Pick<CtcModel, "outputFrames" | "minInputFrames" | "stride">;

/** Chunk lengths, in seconds. */
export interface ChunkSeconds {
  readonly chunk: number;
  /** Minimum overlap of neighbours; half of it is computed in vain at either end of a chunk. */
  readonly overlap: number;
}

/** The same in output frames, and in input frames. */
export interface ChunkFrames {
  readonly frames: number;
  readonly overlap: number;
  /** The fewest input frames that give `frames`; the model's strides would skip any others. */
  readonly inputFrames: number;
}

/** One chunk of a recording. */
export interface Chunk {
  /** Its first input frame. */
  readonly start: number;
  /** Its kept output frames, `from` to before `to`, counted from the start of the recording. */
  readonly from: number;
  readonly to: number;
  /** Number of output frames skipped at the start of the chunk. */
  readonly skipped: number;
}

/** Default overlap for a chunk length: Hugging Face's pipeline has a sixth on each side. */
export const defaultOverlap = (chunkSeconds: number): number => chunkSeconds / 6;

/**
 * The lengths of chunks in frames, rounded down.
 *
 * @throws UserError if a chunk is too short for one frame, or to advance by one
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
      `chunks of ${chunk} s that overlap by ${overlap} s do not let this model advance by a frame; use longer chunks or a smaller overlap`,
    );
  return { frames, overlap: shared, inputFrames: (frames - 1) * stride + minInputFrames };
}

/**
 * Plans the chunks of a recording with this many input frames, in order. A recording no longer than a chunk is a single
 * chunk with all its frames.
 *
 * With N output frames in the recording, n in a chunk and an overlap of o, k = 1 + ⌈(N - n) / (n - o)⌉ chunks suffice,
 * and chunk i starts at output frame round(i · (N - n) / (k - 1)), which is that times stride in input frames.
 */
export function planChunks(
  inputFrames: number,
  { frames, overlap }: ChunkFrames,
  { outputFrames, stride }: FrameCounts,
): Chunk[] {
  const all = outputFrames(inputFrames);
  const last = Math.max(0, all - frames); // output frame at which the last chunk starts
  const gaps = Math.ceil(last / (frames - overlap));
  const starts = Array.from({ length: gaps + 1 }, (_, i) => (gaps === 0 ? 0 : Math.round((i * last) / gaps)));
  // Halfway between the start of a chunk and the end of the previous one.
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
