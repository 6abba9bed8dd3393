import { stat } from "node:fs/promises";
import { UserError } from "../../engine/errors.ts";
import { openPcm, openRecording } from "./open_recording.ts";
import { pieceSpan, type Piece, type SampleSpan } from "./piece.ts";
import type { OpenRecording, Recording } from "./recording.ts";
import { resampledLength, Resampler } from "./resample.ts";

/** One mono recording: samples in [-1, 1) at `sampleRate` Hz; the file's own rate is `originalRate`. */
export interface Audio {
  readonly samples: Float32Array;
  readonly sampleRate: number;
  readonly originalRate: number;
  /** What reading had to decide or leave out, one clause each; an intact file has none. */
  readonly remarks: readonly string[];
}

/** A recording with what reading it had to decide or leave out, see `OpenRecording.remarks`. */
export interface ReadRecording extends Recording {
  readonly remarks: readonly string[];
}

/**
 * Reads audio files as mono at a given rate. Pieces of a recording are often read one after another, so the last
 * recording read in pieces stays open and is decoded only once. Close the reader when done.
 */
export class AudioReader {
  readonly #resampler: Resampler;
  #last: { readonly state: string; readonly recording: Promise<OpenRecording> } | undefined;

  /** @param resampler converts sample rates; by default the reader creates its own */
  constructor(resampler: Resampler = new Resampler()) {
    this.#resampler = resampler;
  }

  /**
   * Reads a WAV, AIFF, FLAC, MP3, Ogg Vorbis or Ogg Opus file, or a piece of it. 16-bit values become exactly value / 32768;
   * channels are averaged; other sample rates are converted.
   *
   * @param targetRate in Hz
   * @param piece the part of the recording to return, cut before resampling; by default all of it
   * @throws UserError in one sentence that names the file if it is missing, empty, truncated, damaged, of an
   *   unsupported format, encoding or rate, or without samples, or if the piece reaches beyond its end
   */
  async read(path: string, targetRate: number, piece?: Piece): Promise<Audio> {
    const { samples: recorded, sampleRate, remarks } = await this.readRecording(path, piece);
    return {
      samples: await this.#resampler.resample(recorded, sampleRate, targetRate),
      sampleRate: targetRate,
      originalRate: sampleRate,
      remarks,
    };
  }

  /** The same at the file's own rate, with its number of channels. A file that is read whole does not stay open. */
  async readRecording(path: string, piece?: Piece): Promise<ReadRecording> {
    if (!piece) return readRecording(path);
    const recording = await this.#open(path);
    const { from, to } = pieceSpan(await recording.length(), recording.sampleRate, piece, path);
    return readFrom(recording, from, to);
  }

  /**
   * The samples `from` to before `to` of what `read` returns for the whole file. Resampling includes a second of sound
   * on either side, so that the borders of a span are inaudible: the samples equal the whole file's up to the
   * converter's rounding.
   *
   * @param span in samples at the target rate
   * @throws UserError as `read` does; RangeError if the span is not within the recording
   */
  async readSpan(path: string, targetRate: number, span: SampleSpan): Promise<Audio> {
    const { from, to } = span;
    if (!(from >= 0 && from <= to)) throw new RangeError(`readSpan: [${from}, ${to}) is not a span of samples`);
    const recording = await this.#open(path);
    const samples = await this.#resampler.resampleSpan(recording, targetRate, span);
    if (samples.length < to - from)
      throw new RangeError(`readSpan: [${from}, ${to}) reaches beyond the end of ${path}`);
    return { samples, sampleRate: targetRate, originalRate: recording.sampleRate, remarks: recording.remarks() };
  }

  /**
   * The number of samples that `read` would return: read from the header of a WAV or AIFF file, found by decoding other files.
   *
   * @throws UserError as `read` does
   */
  async length(path: string, targetRate: number): Promise<number> {
    const recording = await this.#open(path);
    return resampledLength(await recording.length(), recording.sampleRate, targetRate);
  }

  /** Releases the open recording, once pending reads are done. */
  async close(): Promise<void> {
    const last = this.#last;
    this.#last = undefined;
    await last?.recording.then(
      (recording) => recording.close(),
      () => undefined, // the caller that opened it got the error
    );
  }

  async #open(path: string): Promise<OpenRecording> {
    const found = await stat(path).catch(() => null); // reading it reports the error
    const state = JSON.stringify([path, found?.size, found?.mtimeMs, found?.ino, found?.ctimeMs]);
    if (this.#last?.state !== state) {
      void this.close();
      this.#last = { state, recording: openRecording(path) };
    }
    return this.#last.recording;
  }
}

/** `AudioReader.read` for callers that read few files or need no resampling. */
export async function readAudio(path: string, targetRate: number, piece?: Piece): Promise<Audio> {
  const reader = new AudioReader();
  try {
    return await reader.read(path, targetRate, piece);
  } finally {
    await reader.close();
  }
}

/** Reads a whole file at its own rate; throws as `AudioReader.read` does. */
export async function readRecording(path: string): Promise<ReadRecording> {
  const recording = await openRecording(path);
  try {
    return await readFrom(recording, 0, Infinity);
  } finally {
    await recording.close();
  }
}

async function readFrom(recording: OpenRecording, from: number, to: number): Promise<ReadRecording> {
  const samples = await recording.read(from, to);
  const { sampleRate, channels } = recording;
  return { samples, sampleRate, channels, remarks: recording.remarks() };
}

/** `AudioReader.length` where no decoding is needed, which is for an intact WAV or AIFF file; null for all others. */
export function knownLength(path: string, targetRate: number): number | null {
  try {
    const layout = openPcm(path)?.layout;
    return layout ? resampledLength(layout.length, layout.sampleRate, targetRate) : null;
  } catch (error) {
    if (error instanceof UserError) return null; // reading it reports the error
    throw error;
  }
}
