import { UserError } from "../../engine/errors.ts";
import type { FileBytes } from "./file_bytes.ts";
import { skipTags } from "./mp3_tags.ts";

/** What the frames of an MPEG audio file say, without decoding them. */
export interface Mp3Frames {
  /** Samples per channel that the encoder wrote down (in a "Xing" or "Info" frame); null if it did not. */
  readonly announced: number | null;
  /** Samples of the frames that are there, by their headers. */
  readonly present: number;
  /** 1 if all frames have one. */
  readonly channels: 1 | 2;
  /** The file ends within a frame. */
  readonly cutShort: boolean;
  /** Byte after which there is nothing to decode: nothing but tags follows the frames there, or the file ends. */
  readonly end: number;
}

interface FrameHeader {
  /** Bytes to the next frame; null in the "free" format, which does not say. */
  readonly length: number | null;
  readonly samples: number;
  readonly channels: 1 | 2;
  /** Hz */
  readonly sampleRate: number;
}

const HEADER_BYTES = 4;

/** The mode of a frame with one channel; the others have two. */
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

/** Whether a frame starts here: eleven bits of 1, then no reserved value. */
export const isMp3Frame = (file: FileBytes, at: number): boolean => parseHeader(file, at) !== null;

/**
 * Goes from frame to frame by the lengths in their headers, over tags between them, to the file's end or to what is neither.
 *
 * @throws UserError where the rate changes, as in files put one after another, and in the "free" format, which the decoder takes for others
 */
export function readMp3Frames(file: FileBytes, start: number): Mp3Frames {
  const announced = announcedSamples(file, start);
  const first = parseHeader(file, start);
  let channels: 1 | 2 = 1;
  let present = 0;
  let end = start;
  for (let at = start; at < file.size;) {
    const header = parseHeader(file, at);
    if (!header) {
      const untagged = skipTags(file, at);
      if (untagged === at) return { announced, present, channels, cutShort: false, end: file.size }; // what else it is, the decoder says
      at = untagged;
      continue;
    }
    if (header.length === null)
      throw new UserError(`${file.path} is an MP3 file in the "free" format, expected one of the usual bit rates.`);
    if (header.sampleRate !== first?.sampleRate)
      throw new UserError(
        `${file.path} changes its rate from ${first?.sampleRate} to ${header.sampleRate} samples a second at byte ${at}.`,
      );
    if (header.channels === 2) channels = 2;
    if (at + header.length > file.size) return { announced, present, channels, cutShort: true, end };
    present += header.samples;
    end = at += header.length;
  }
  return { announced, present, channels, cutShort: false, end };
}

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
  const slot = layer === 1 ? 4 : 1; // bytes that a length counts in, and that padding adds
  return {
    length: (Math.floor((samples * bitsPerSecond) / 8 / slot / sampleRate) + ((rates >> 1) & 1)) * slot,
    samples,
    channels,
    sampleRate,
  };
}

/** The encoder's own count: "Xing" or "Info", flags (1: the count follows), frames; the frame that says so is not among them. */
function announcedSamples(file: FileBytes, start: number): number | null {
  const first = Buffer.from(file.read(start, 200));
  const at = Math.max(first.indexOf("Xing"), first.indexOf("Info"));
  const header = parseHeader(file, start);
  if (at < 0 || !header || at + 12 > first.length || (first.readUInt32BE(at + 4) & 1) === 0) return null;
  return first.readUInt32BE(at + 8) * header.samples;
}
