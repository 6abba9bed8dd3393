import { readFile } from "node:fs/promises";
import { UserError } from "../../engine/errors.ts";
import type { DecodedAudio } from "./decoded_audio.ts";
import { decodeFlac, isFlac } from "./flac.ts";
import { cutPiece, type Piece } from "./piece.ts";
import { rateLimits, resample } from "./resample.ts";
import { decodeWav, isWav } from "./wav.ts";

/** One mono recording: samples in [-1, 1) at `sampleRate` Hz; the file itself has `originalRate`. */
export interface Audio {
  readonly samples: Float32Array;
  readonly sampleRate: number;
  readonly originalRate: number;
}

/**
 * Reads a WAV or FLAC file as mono audio at the wanted rate. 16-bit values come out as value / 32768 exactly;
 * channels are averaged; another sample rate is converted.
 *
 * @param targetRate in Hz
 * @param piece the part of the recording to return; all of it unless given
 * @throws UserError with one sentence naming the file if it is missing, empty, cut short, damaged, neither WAV
 *   nor FLAC, of an unknown encoding or rate, or without a single sample, or if the piece reaches beyond its end
 */
export async function readAudio(path: string, targetRate: number, piece?: Piece): Promise<Audio> {
  const bytes = await readBytes(path);
  const { channels, sampleRate } = await decode(bytes, path);
  if (sampleRate < rateLimits.lowest || sampleRate > rateLimits.highest) {
    throw new UserError(`${path} has ${sampleRate} samples a second, expected ${rateLimits.lowest} to ${rateLimits.highest}.`);
  }
  const mono = average(channels);
  if (mono.length === 0) throw new UserError(`${path} holds no audio: its length is 0 samples.`);
  if (!mono.every(Number.isFinite)) throw new UserError(`${path} holds samples that are not finite numbers.`);
  const wanted = piece ? cutPiece(mono, sampleRate, piece, path) : mono;
  const samples = await resample(wanted, sampleRate, targetRate);
  return { samples, sampleRate: targetRate, originalRate: sampleRate };
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
  if (isFlac(bytes)) return decodeFlac(bytes, path);
  throw new UserError(`${path} is neither a WAV nor a FLAC file.`);
}

function average(channels: readonly Float32Array[]): Float32Array {
  const [first = new Float32Array()] = channels;
  if (channels.length <= 1) return first;
  return first.map((_, i) => channels.reduce((sum, channel) => sum + (channel[i] as number), 0) / channels.length);
}
