import { stat } from "node:fs/promises";
import { UserError } from "../../engine/errors.ts";
import { openRecording } from "./open_recording.ts";
import { pieceSpan, type Piece, type SampleSpan } from "./piece.ts";
import type { OpenRecording, Recording } from "./recording.ts";
import { resampledLength, Resampler } from "./resample.ts";
import { WavRecording } from "./wav.ts";

/** One mono recording: samples in [-1, 1) at `sampleRate` Hz; the file itself has `originalRate`. */
export interface Audio {
  readonly samples: Float32Array;
  readonly sampleRate: number;
  readonly originalRate: number;
}

/**
 * Reads audio files as mono sound at a wanted rate. Parts of a recording are often read one after the other, so the last recording of
 * which a part was read stays open, and costs a single decoding that way. To be closed in the end.
 */
export class AudioReader {
  readonly #resampler: Resampler;
  #last: { readonly state: string; readonly recording: Promise<OpenRecording> } | undefined;

  /** @param resampler converts rates; one of its own unless given */
  constructor(resampler: Resampler = new Resampler()) {
    this.#resampler = resampler;
  }

  /**
   * A WAV, FLAC, MP3, Ogg Vorbis or Ogg Opus file, or a piece of it. 16-bit values come out as value / 32768 exactly; channels are
   * averaged; another sample rate is converted.
   *
   * @param targetRate in Hz
   * @param piece the part of the recording to return, cut before its rate is converted; all of it unless given
   * @throws UserError with one sentence that names the file if it is missing, empty, cut short, damaged, of an unknown format,
   *   encoding or rate, or without a single sample, or if the piece reaches beyond its end
   */
  async read(path: string, targetRate: number, piece?: Piece): Promise<Audio> {
    const { samples: recorded, sampleRate } = await this.readRecording(path, piece);
    return {
      samples: await this.#resampler.resample(recorded, sampleRate, targetRate),
      sampleRate: targetRate,
      originalRate: sampleRate,
    };
  }

  /** The same at the file's own rate, with its number of channels. A file that is read as a whole does not stay open. */
  async readRecording(path: string, piece?: Piece): Promise<Recording> {
    if (!piece) return readRecording(path);
    const recording = await this.#open(path);
    const { sampleRate, channels } = recording;
    const { from, to } = pieceSpan(await recording.length(), sampleRate, piece, path);
    return { samples: await recording.read(from, to), sampleRate, channels };
  }

  /**
   * The samples `from` to before `to` of what `read` gives of the whole file. Where the rate is converted, it is with a second of
   * sound on each side, so that the borders of a span are not heard: the samples agree with the whole file's to the rounding of the
   * converter.
   *
   * @param span in samples at the target rate
   * @throws UserError as `read` does; RangeError if the span is not within the recording
   */
  async readSpan(path: string, targetRate: number, span: SampleSpan): Promise<Audio> {
    const { from, to } = span;
    if (!(from >= 0 && from <= to)) throw new RangeError(`readSpan: [${from}, ${to}) is no span of samples`);
    const recording = await this.#open(path);
    const samples = await this.#resampler.resampleSpan(recording, targetRate, span);
    if (samples.length < to - from)
      throw new RangeError(`readSpan: [${from}, ${to}) reaches beyond the end of ${path}`);
    return { samples, sampleRate: targetRate, originalRate: recording.sampleRate };
  }

  /**
   * How many samples `read` would give. The header of a WAV file says it; other files are decoded for it.
   *
   * @throws UserError as `read` does
   */
  async length(path: string, targetRate: number): Promise<number> {
    const recording = await this.#open(path);
    return resampledLength(await recording.length(), recording.sampleRate, targetRate);
  }

  /** Lets go of the recording that is still open, once what was asked of it is done. */
  async close(): Promise<void> {
    const last = this.#last;
    this.#last = undefined;
    await last?.recording.then(
      (recording) => recording.close(),
      () => undefined, // whoever opened it was told what is wrong
    );
  }

  async #open(path: string): Promise<OpenRecording> {
    const { size, mtimeMs } = await stat(path).catch(() => ({ size: 0, mtimeMs: 0 })); // reading it says what is wrong
    const state = JSON.stringify([path, size, mtimeMs]);
    if (this.#last?.state !== state) {
      void this.close();
      this.#last = { state, recording: openRecording(path) };
    }
    return this.#last.recording;
  }
}

/** What `AudioReader.read` gives, for whoever reads little or converts no rates. */
export async function readAudio(path: string, targetRate: number, piece?: Piece): Promise<Audio> {
  const reader = new AudioReader();
  try {
    return await reader.read(path, targetRate, piece);
  } finally {
    await reader.close();
  }
}

/** A whole file at its own rate; throws as `AudioReader.read` does. */
export async function readRecording(path: string): Promise<Recording> {
  const recording = await openRecording(path);
  try {
    const { sampleRate, channels } = recording;
    return { samples: await recording.read(0, Infinity), sampleRate, channels };
  } finally {
    await recording.close();
  }
}

/** What `AudioReader.length` gives where no decoding is needed for it: of a sound WAV file. Null of all others. */
export function knownLength(path: string, targetRate: number): number | null {
  try {
    const layout = WavRecording.open(path)?.layout;
    return layout ? resampledLength(layout.length, layout.sampleRate, targetRate) : null;
  } catch (error) {
    if (error instanceof UserError) return null; // reading it says what is wrong
    throw error;
  }
}
