import { UserError } from "../../engine/errors.ts";
import type { DecodedAudio } from "./decoded_audio.ts";
import { FileBytes } from "./file_bytes.ts";
import { decodeFlac, isFlac } from "./flac.ts";
import { decodeMp3, isMp3 } from "./mp3.ts";
import { skipId3v2 } from "./mp3_tags.ts";
import { decodeOgg, isOgg } from "./ogg.ts";
import { rateLimits } from "./resample.ts";
import { decodeWav, isWav } from "./wav.ts";

/** One recording as its file has it, or a part of it, with channels averaged. */
export interface Recording {
  readonly samples: Float32Array;
  /** Hz */
  readonly sampleRate: number;
  /** Number of channels of the file. */
  readonly channels: number;
}

/** Decodes a whole file; `readAudio` says of what formats, and when it throws. */
export async function decodeFile(path: string): Promise<Recording> {
  const blocks: Recording[] = [];
  for await (const block of decodeBlocks(path)) blocks.push(block);
  const { sampleRate, channels } = blocks[0] as Recording;
  const samples = new Float32Array(blocks.reduce((sum, block) => sum + block.samples.length, 0));
  let at = 0;
  for (const block of blocks) {
    samples.set(block.samples, at);
    at += block.samples.length;
  }
  return { samples, sampleRate, channels };
}

/**
 * Decodes a file from its start to its end, block by block, so that no more than a block and some bytes of the file are in memory; WAV
 * alone comes in one block. There is at least one sample.
 *
 * @throws UserError as `readAudio` does; of some damage only at the end
 */
export async function* decodeBlocks(path: string): AsyncGenerator<Recording, void, undefined> {
  const file = new FileBytes(path);
  try {
    let length = 0;
    let sampleRate: number | undefined;
    for await (const decoded of decode(file)) {
      const block = monoRecording(decoded, path);
      sampleRate ??= block.sampleRate;
      if (block.sampleRate !== sampleRate)
        throw new UserError(`${path} changes its rate from ${sampleRate} to ${block.sampleRate} samples a second.`);
      length += block.samples.length;
      if (block.samples.length > 0) yield block;
    }
    if (length === 0) throw new UserError(`${path} holds no audio: its length is 0 samples.`);
  } finally {
    file.close();
  }
}

/**
 * Averages the channels of what was decoded.
 *
 * @param path how messages call the file
 * @throws UserError at a rate that cannot be converted, or with samples that are not finite
 */
export function monoRecording({ channels, sampleRate }: DecodedAudio, path: string): Recording {
  if (sampleRate < rateLimits.lowest || sampleRate > rateLimits.highest) {
    throw new UserError(
      `${path} has ${sampleRate} samples a second, expected ${rateLimits.lowest} to ${rateLimits.highest}.`,
    );
  }
  const samples = average(channels);
  if (!samples.every(Number.isFinite)) throw new UserError(`${path} holds samples that are not finite numbers.`);
  return { samples, sampleRate, channels: channels.length };
}

/** By content, not by the name's ending. */
async function* decode(file: FileBytes): AsyncGenerator<DecodedAudio> {
  if (file.size === 0) throw new UserError(`${file.path} is empty: it has 0 bytes.`);
  const start = file.read(0, 16);
  const untagged = skipId3v2(file, 0);
  if (isWav(start)) yield decodeWav(file.read(0, file.size), file.path);
  else if (isOgg(start)) yield* decodeOgg(file);
  else if (isFlac(file.read(untagged, 16))) yield* decodeFlac(file, untagged);
  else if (isMp3(file)) yield* decodeMp3(file);
  else
    throw new UserError(
      `${file.path} is not audio that can be read, which is WAV, FLAC, MP3, Ogg Vorbis and Ogg Opus.`,
    );
}

function average(channels: readonly Float32Array[]): Float32Array {
  const [first = new Float32Array()] = channels;
  if (channels.length <= 1) return first;
  return first.map((_, i) => channels.reduce((sum, channel) => sum + (channel[i] as number), 0) / channels.length);
}
