import type { MPEGDecoder } from "mpg123-decoder";
import { UserError } from "../../engine/errors.ts";
import type { FileBytes } from "./file_bytes.ts";
import type { DecodedAudio } from "./recording.ts";
import { skipId3v2, skipTags, skipZeros } from "./tags.ts";

/*
 * libmpg123 silently resumes at the next frame it understands, so the frames are walked here first. Libraries that walk
 * frames are as lenient: `codec-parser` 2.5.0, `mediabunny` 1.61.0 and `music-metadata` 11.16.1 accept a file that is
 * truncated or has garbage at its end; the first drops the frame before a tag, the second all frames after a change of
 * sample rate.
 */

/** Whether an MPEG frame starts the file, or follows its tags and any zeros after them. */
export function isMp3(file: FileBytes): boolean {
  return parseHeader(file, firstFrame(file)) !== null;
}

function firstFrame(file: FileBytes): number {
  const untagged = skipId3v2(file, 0);
  return untagged > 0 ? skipZeros(file, untagged) : 0;
}

/**
 * Decodes an MP3 file (MPEG-1, 2 or 2.5, layers I to III), part by part, with libmpg123. Silence that the encoder added
 * at the ends is removed if the file says how much there is. The format has no checksum, so little damage is detected:
 * missing frames if the file says how many there are, and errors that the library cannot recover from.
 *
 * @throws UserError if it is truncated, changes its sample rate, has the "free" format, or cannot be decoded
 */
export async function* decodeMp3(file: FileBytes): AsyncGenerator<DecodedAudio> {
  const name = file.path;
  const start = firstFrame(file);
  const { announced, present, channels, truncated, end } = readFrames(file, start);
  if (announced !== null && present < announced) {
    throw new UserError(
      `${name} is truncated or damaged: its header announces ${announced} samples, but there are only ${present}.`,
    );
  }
  if (truncated) throw new UserError(`${name} is a truncated MP3 file: it ends within a frame.`);

  const library = await import("mpg123-decoder"); // at first use, as it is of many files
  const decoder = new library.MPEGDecoder(); // holds its own WebAssembly memory until freed
  try {
    await decoder.ready;
    let decoded = 0;
    for (const part of file.parts(start, end)) {
      const { channelData, samplesDecoded, sampleRate, errors } = decodePart(decoder, part, name);
      if (errors[0]) throw damaged(name, errors[0].message);
      if (samplesDecoded > 0) yield { channels: channelData.slice(0, channels), sampleRate }; // the library returns mono as two identical channels
      decoded += samplesDecoded;
    }
    if (decoded === 0) throw damaged(name, "nothing could be decoded");
  } finally {
    decoder.free();
  }
}

const damaged = (name: string, why: string) => new UserError(`${name} is a damaged MP3 file: ${why.split("\n")[0]}.`);

/** Decodes one part, silencing the library, which prints each error as well as returning it. */
function decodePart(decoder: MPEGDecoder, part: Uint8Array, name: string): ReturnType<MPEGDecoder["decode"]> {
  const { error } = console;
  console.error = () => undefined;
  try {
    return decoder.decode(part);
  } catch (thrown) {
    throw damaged(name, (thrown as Error).message);
  } finally {
    console.error = error;
  }
}

/** What the frame headers of an MPEG audio file say, before anything is decoded. */
interface Mp3Frames {
  /** Samples per channel as stored by the encoder (in a "Xing" or "Info" frame); null if it did not. */
  readonly announced: number | null;
  /** Samples in the frames present, according to their headers. */
  readonly present: number;
  /** 1 if all frames are mono. */
  readonly channels: 1 | 2;
  /** Whether the file ends within a frame. */
  readonly truncated: boolean;
  /** Byte at which decodable data ends: only tags follow, or the file ends. */
  readonly end: number;
}

interface FrameHeader {
  /** Bytes to the next frame; null in the "free" format, which does not store it. */
  readonly length: number | null;
  readonly samples: number;
  readonly channels: 1 | 2;
  /** Hz */
  readonly sampleRate: number;
}

const HEADER_BYTES = 4;

/** The channel mode of a mono frame; the other modes are stereo. */
const MONO = 3;

/** kbit/s by index: MPEG-1 layers I, II, III; MPEG-2 and 2.5 layer I, layers II and III (ISO 11172-3 and 13818-3). */
const KILOBITS = {
  v1: {
    1: [32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
    2: [32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
    3: [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
  },
  v2: {
    1: [32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
    2: [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
    3: [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
  },
} as const;

const RATES_V1 = [44100, 48000, 32000];

/**
 * Walks the frames by the lengths in their headers, skipping tags between them, to the end of the file or to anything
 * else.
 *
 * @throws UserError if the sample rate changes, as in concatenated files, or at the "free" format, which the decoder
 *   misreads
 */
function readFrames(file: FileBytes, start: number): Mp3Frames {
  const announced = announcedSamples(file, start);
  const first = parseHeader(file, start);
  let channels: 1 | 2 = 1;
  let present = 0;
  let end = start;
  for (let at = start; at < file.size;) {
    const header = parseHeader(file, at);
    if (!header) {
      const untagged = skipTags(file, at);
      if (untagged === at) return { announced, present, channels, truncated: false, end: file.size }; // the decoder reports what it is
      at = untagged;
      continue;
    }
    if (header.length === null)
      throw new UserError(`${file.path} is an MP3 file in the "free" format, expected one of the usual bit rates.`);
    if (header.sampleRate !== first?.sampleRate)
      throw new UserError(
        `${file.path} changes its sample rate from ${first?.sampleRate} to ${header.sampleRate} Hz at byte ${at}.`,
      );
    if (header.channels === 2) channels = 2;
    if (at + header.length > file.size) return { announced, present, channels, truncated: true, end };
    present += header.samples;
    end = at += header.length;
  }
  return { announced, present, channels, truncated: false, end };
}

/** The header of the frame that starts here: eleven set bits and no reserved value; null if there is none. */
function parseHeader(file: FileBytes, at: number): FrameHeader | null {
  if (at + HEADER_BYTES > file.size) return null;
  const [sync = 0, kind = 0, rates = 0, mode = 0] = file.read(at, HEADER_BYTES);
  const version = (kind >> 3) & 3; // 0: MPEG-2.5, 2: MPEG-2, 3: MPEG-1
  const layer = 4 - ((kind >> 1) & 3);
  const bitrate = rates >> 4;
  const rate = (rates >> 2) & 3;
  if (sync !== 0xff || kind < 0xe0 || version === 1 || bitrate === 15 || rate === 3) return null;
  if (layer !== 1 && layer !== 2 && layer !== 3) return null;

  const samples = layer === 1 ? 384 : layer === 2 || version === 3 ? 1152 : 576;
  const sampleRate = (RATES_V1[rate] as number) / (version === 3 ? 1 : version === 2 ? 2 : 4);
  const channels = mode >> 6 === MONO ? 1 : 2;
  if (bitrate === 0) return { length: null, samples, channels, sampleRate };
  const bitsPerSecond = 1000 * (KILOBITS[version === 3 ? "v1" : "v2"][layer][bitrate - 1] as number);
  const slot = layer === 1 ? 4 : 1; // bytes per slot, the unit of frame lengths and padding
  return {
    length: (Math.floor((samples * bitsPerSecond) / 8 / slot / sampleRate) + ((rates >> 1) & 1)) * slot,
    samples,
    channels,
    sampleRate,
  };
}

/**
 * The encoder's own count: "Xing" or "Info", flags (1: the count follows), frames; the count excludes the frame that
 * holds it.
 */
function announcedSamples(file: FileBytes, start: number): number | null {
  const first = Buffer.from(file.read(start, 200)); // a copy, since the header is read next
  const at = Math.max(first.indexOf("Xing"), first.indexOf("Info"));
  const header = parseHeader(file, start);
  if (at < 0 || !header || at + 12 > first.length || (first.readUInt32BE(at + 4) & 1) === 0) return null;
  return first.readUInt32BE(at + 8) * header.samples;
}
