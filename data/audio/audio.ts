import { decodeFile, type Recording } from "./decode_file.ts";
import { openRecording } from "./open_recording.ts";
import { pieceSpan, type Piece, type SampleSpan } from "./piece.ts";
import { resample, resampledLength, resampleSpan } from "./resample.ts";
import { findWavLayout } from "./wav_layout.ts";

export type { Recording } from "./decode_file.ts";

/** One mono recording: samples in [-1, 1) at `sampleRate` Hz; the file itself has `originalRate`. */
export interface Audio {
  readonly samples: Float32Array;
  readonly sampleRate: number;
  readonly originalRate: number;
}

/**
 * Reads a WAV, FLAC, MP3, Ogg Vorbis or Ogg Opus file as mono audio at the wanted rate. 16-bit values come out as
 * value / 32768 exactly; channels are averaged; another sample rate is converted.
 *
 * @param targetRate in Hz
 * @param piece the part of the recording to return, cut before its rate is converted; all of it unless given
 * @throws UserError with one sentence naming the file if it is missing, empty, cut short, damaged, of an unknown format,
 *   encoding or rate, or without a single sample, or if the piece reaches beyond its end
 */
export async function readAudio(path: string, targetRate: number, piece?: Piece): Promise<Audio> {
  const { samples: recorded, sampleRate } = await readRecording(path, piece);
  return {
    samples: await resample(recorded, sampleRate, targetRate),
    sampleRate: targetRate,
    originalRate: sampleRate,
  };
}

/** The same at the file's own rate, with its number of channels; see `readAudio`. Of a piece of a WAV file only its bytes are read. */
export async function readRecording(path: string, piece?: Piece): Promise<Recording> {
  if (!piece) return decodeFile(path);
  const recording = await openRecording(path);
  const { sampleRate, channels } = recording;
  return {
    samples: await recording.read(pieceSpan(await recording.length(), sampleRate, piece, path)),
    sampleRate,
    channels,
  };
}

/**
 * Reads the samples `from` to before `to` that `readAudio` gives of the whole file. Where the rate is converted, it is with a
 * second of sound on each side, so that the borders of a span are not heard: the samples agree with the whole file's to the
 * rounding of the converter. Of a WAV file only the bytes of the span are read.
 *
 * @param span in samples at the target rate
 * @throws UserError as `readAudio` does; RangeError if the span is not within the recording
 */
export async function readAudioSpan(path: string, targetRate: number, span: SampleSpan): Promise<Audio> {
  const recording = await openRecording(path);
  const { sampleRate } = recording;
  if (!(span.from >= 0 && span.from <= span.to))
    throw new RangeError(`readAudioSpan: [${span.from}, ${span.to}) is no span of samples`);
  const samples = await resampleSpan(recording, sampleRate, targetRate, span);
  if (samples.length < span.to - span.from)
    throw new RangeError(`readAudioSpan: [${span.from}, ${span.to}) reaches beyond the end of ${path}`);
  return { samples, sampleRate: targetRate, originalRate: sampleRate };
}

/**
 * How many samples `readAudio` would give. A WAV file's header says it; other files are decoded, and stay in memory as far as
 * `openRecording` keeps them.
 *
 * @throws UserError as `readAudio` does
 */
export async function audioLength(path: string, targetRate: number): Promise<number> {
  const recording = await openRecording(path);
  return resampledLength(await recording.length(), recording.sampleRate, targetRate);
}

/** The same where that is known without decoding: of a WAV file that its header describes well. Null of all others. */
export async function knownLength(path: string, targetRate: number): Promise<number | null> {
  const layout = await findWavLayout(path);
  return layout && resampledLength(layout.length, layout.sampleRate, targetRate);
}
