import { readFile } from "node:fs/promises";
import { UserError } from "../../engine/errors.ts";
import type { DecodedAudio } from "./decoded_audio.ts";
import { decodeFlac, isFlac } from "./flac.ts";
import { decodeMp3, id3Length, isMp3 } from "./mp3.ts";
import { decodeOgg, isOgg } from "./ogg.ts";
import { rateLimits } from "./resample.ts";
import { decodeWav, isWav } from "./wav.ts";

/** One recording as its file has it, with channels averaged. */
export interface Recording {
  readonly samples: Float32Array;
  /** Hz */
  readonly sampleRate: number;
  /** Number of channels of the file. */
  readonly channels: number;
}

/** Decodes a whole file; `readAudio` says of what formats, and when it throws. */
export async function decodeFile(path: string): Promise<Recording> {
  return monoRecording(await decode(await readBytes(path), path), path);
}

/**
 * Averages the channels of what was decoded.
 *
 * @param path how messages call the file
 * @throws UserError at a rate that cannot be converted, without a single sample, or with samples that are not finite
 */
export function monoRecording({ channels, sampleRate }: DecodedAudio, path: string): Recording {
  if (sampleRate < rateLimits.lowest || sampleRate > rateLimits.highest) {
    throw new UserError(`${path} has ${sampleRate} samples a second, expected ${rateLimits.lowest} to ${rateLimits.highest}.`);
  }
  const samples = average(channels);
  if (samples.length === 0) throw new UserError(`${path} holds no audio: its length is 0 samples.`);
  if (!samples.every(Number.isFinite)) throw new UserError(`${path} holds samples that are not finite numbers.`);
  return { samples, sampleRate, channels: channels.length };
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
