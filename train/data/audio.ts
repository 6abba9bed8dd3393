import { readFile, stat } from "node:fs/promises";
import { UserError } from "../../engine/errors.ts";
import type { DecodedAudio } from "./decoded_audio.ts";
import { decodeFlac, isFlac } from "./flac.ts";
import { decodeMp3, id3Length, isMp3 } from "./mp3.ts";
import { decodeOgg, isOgg } from "./ogg.ts";
import { cutPiece, type Piece } from "./piece.ts";
import { rateLimits, resample } from "./resample.ts";
import { decodeWav, isWav } from "./wav.ts";

/** One mono recording: samples in [-1, 1) at `sampleRate` Hz; the file itself has `originalRate`. */
export interface Audio {
  readonly samples: Float32Array;
  readonly sampleRate: number;
  readonly originalRate: number;
}

/** One recording as its file has it, with channels averaged. */
export interface Recording {
  readonly samples: Float32Array;
  /** Hz */
  readonly sampleRate: number;
  /** Number of channels of the file. */
  readonly channels: number;
}

/**
 * Reads a WAV, FLAC, MP3, Ogg Vorbis or Ogg Opus file as mono audio at the wanted rate. 16-bit values come out as
 * value / 32768 exactly; channels are averaged; another sample rate is converted.
 *
 * @param targetRate in Hz
 * @param piece the part of the recording to return; all of it unless given
 * @throws UserError with one sentence naming the file if it is missing, empty, cut short, damaged, of an unknown format,
 *   encoding or rate, or without a single sample, or if the piece reaches beyond its end
 */
export async function readAudio(path: string, targetRate: number, piece?: Piece): Promise<Audio> {
  const { samples: recorded, sampleRate } = await readRecording(path, piece);
  return { samples: await resample(recorded, sampleRate, targetRate), sampleRate: targetRate, originalRate: sampleRate };
}

/** The same at the file's own rate, with its number of channels; see `readAudio`. */
export async function readRecording(path: string, piece?: Piece): Promise<Recording> {
  if (!piece) return readWhole(path);
  const recording = await readForPieces(path);
  return { ...recording, samples: cutPiece(recording.samples, recording.sampleRate, piece, path) };
}

/** The pieces of a recording are often read one after the other: the last one that was cut is kept, so it is decoded once. */
let lastCut: { readonly state: string; readonly recording: Promise<Recording> } | undefined;

async function readForPieces(path: string): Promise<Recording> {
  const { size, mtimeMs } = await stat(path).catch(() => ({ size: 0, mtimeMs: 0 })); // reading it says what is wrong
  const state = JSON.stringify([path, size, mtimeMs]);
  if (lastCut?.state !== state) lastCut = { state, recording: readWhole(path) };
  return lastCut.recording;
}

async function readWhole(path: string): Promise<Recording> {
  const bytes = await readBytes(path);
  const { channels, sampleRate } = await decode(bytes, path);
  if (sampleRate < rateLimits.lowest || sampleRate > rateLimits.highest) {
    throw new UserError(`${path} has ${sampleRate} samples a second, expected ${rateLimits.lowest} to ${rateLimits.highest}.`);
  }
  const mono = average(channels);
  if (mono.length === 0) throw new UserError(`${path} holds no audio: its length is 0 samples.`);
  if (!mono.every(Number.isFinite)) throw new UserError(`${path} holds samples that are not finite numbers.`);
  return { samples: mono, sampleRate, channels: channels.length };
}

async function readBytes(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") throw new UserError(`${path} does not exist.`);
    if (code === "EISDIR") throw new UserError(`${path} is a folder, not an audio file.`);
    throw new UserError(`${path} cannot be read: ${code ?? (error as Error).message}.`);
  }
}

/** By content, not by the name's ending. */
async function decode(bytes: Uint8Array, path: string): Promise<DecodedAudio> {
  if (bytes.length === 0) throw new UserError(`${path} is empty: it has 0 bytes.`);
  if (isWav(bytes)) return decodeWav(bytes, path);
  if (isOgg(bytes)) return decodeOgg(bytes, path);
  const untagged = bytes.subarray(id3Length(bytes));
  if (isFlac(untagged)) return decodeFlac(untagged, path);
  if (isMp3(bytes)) return decodeMp3(bytes, path);
  throw new UserError(`${path} is not audio that can be read, which is WAV, FLAC, MP3, Ogg Vorbis and Ogg Opus.`);
}

function average(channels: readonly Float32Array[]): Float32Array {
  const [first = new Float32Array()] = channels;
  if (channels.length <= 1) return first;
  return first.map((_, i) => channels.reduce((sum, channel) => sum + (channel[i] as number), 0) / channels.length);
}
