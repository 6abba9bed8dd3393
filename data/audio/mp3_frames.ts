import { UserError } from "../../engine/errors.ts";
import type { FileBytes } from "./file_bytes.ts";
import { skipTags, skipZeros, tagsAtEnd } from "./tags.ts";

/** What the frame headers of an MPEG audio file say, before anything is decoded. */
export interface Mp3Frames {
  /** The bytes that are whole frames, in order. */
  readonly spans: readonly ByteSpan[];
  /** 1 if all frames are mono. */
  readonly channels: 1 | 2;
  readonly remarks: readonly string[];
}

/** From the first to before the last. */
interface ByteSpan {
  readonly from: number;
  readonly to: number;
}

interface FrameHeader {
  /** Bytes to the next frame; null in the "free" format, which does not store it. */
  readonly length: number | null;
  readonly samples: number;
  readonly channels: 1 | 2;
  readonly layer: 1 | 2 | 3;
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
 * Four bytes look like a header once in a few thousand times, so what follows no frame is one only with this many in a
 * row (the last two of the file suffice).
 */
const FRAMES_IN_A_ROW = 3;
const LAST_FRAMES = 2;

/** How far from the start of a file its first frame may be, tags apart. */
const LONGEST_START = 2 ** 20;

/** More bytes than this that are no frames, and more than there are frames, make a file of another kind. */
const MOST_LEFT_OUT = 2 ** 20;

/** Where the first frame starts, after tags, zeros or what else is there; null if the file is none of MPEG audio. */
export function firstFrame(file: FileBytes): number | null {
  const start = skipTags(file, 0);
  const end = tagsAtEnd(file);
  if (isFrame(file, start, end)) return start;
  const found = findFrames(file, start, Math.min(end, start + LONGEST_START), end);
  // A frame at the very start needs no other behind it. Not of layer I, though: texts in UTF-16 start like its header.
  const header = parseHeader(file, start);
  if (header?.layer !== 3) return found;
  const other = found === null ? null : parseHeader(file, found);
  return found === null || (header.length !== null && start + header.length <= found && other && fits(other, header))
    ? start
    : found;
}

/**
 * Walks the frames by the lengths in their headers to the end of the file. Tags are skipped; other bytes before, between
 * and behind frames too, and frames that are cut short, as players do, with remarks that say how much that was.
 *
 * @param start as `firstFrame` returned it
 * @throws UserError if more than the frames that are cut short is missing of the encoder's own count, if hardly anything
 *   is a frame, if the sample rate changes, as in concatenated files, or at the "free" format, which the decoder misreads
 */
export function readFrames(file: FileBytes, start: number): Mp3Frames {
  const end = Math.max(start, tagsAtEnd(file));
  const spans: { from: number; to: number }[] = [];
  const first = parseHeader(file, start) as FrameHeader;
  let channels: 1 | 2 = 1;
  let present = 0;
  let frames = 0;
  let outside = start - skipTags(file, 0);
  let cutFrames = 0;
  let cutBytes = 0;
  for (let at = start; at < end;) {
    const header = parseHeader(file, at);
    if (header?.length === null && spans.length === 0)
      throw new UserError(`${file.path} is an MP3 file in the "free" format, expected one of the usual bit rates.`);
    if (header && header.length !== null && (fits(header, first) || isFrame(file, at, end))) {
      if (header.sampleRate !== first.sampleRate)
        throw new UserError(
          `${file.path} changes its sample rate from ${first.sampleRate} to ${header.sampleRate} Hz at byte ${at}.`,
        );
      const next = frameAfter(file, at, header.length, end);
      if (next.whole) {
        if (header.channels === 2) channels = 2;
        frames++;
        present += header.samples;
        const last = spans.at(-1);
        if (last?.to === at) last.to = at + header.length;
        else spans.push({ from: at, to: at + header.length });
      } else {
        cutFrames++;
        cutBytes += next.at - at;
      }
      at = next.at;
      continue;
    }
    const untagged = Math.min(end, skipTags(file, at));
    const after = untagged > at ? untagged : Math.min(end, skipZeros(file, at));
    const found = after > at ? after : (findFrames(file, at, end, end) ?? end);
    if (untagged === at) outside += found - at;
    at = found;
  }
  const further = checkCount(file, start, present, cutFrames);
  if (frames === 0) throw new UserError(`${file.path} is a truncated MP3 file: it ends within its first frame.`);
  if (frames === 1 && outside > 0)
    throw new UserError(`${file.path} is a damaged MP3 file: no frame follows its first one.`);
  const bytes = spans.reduce((sum, { from, to }) => sum + to - from, 0);
  if (outside > Math.max(MOST_LEFT_OUT, bytes))
    throw new UserError(
      `${file.path} is a damaged MP3 file, or of another format: ${outside} of its ${file.size} bytes are neither frames nor tags.`,
    );
  const remarks = [
    ...(further > 0
      ? [`it has ${further} samples more than its header counts, as files that were joined; all are read`]
      : []),
    ...(outside > 0 ? [`${outside} bytes that are neither frames nor tags are left out`] : []),
    ...(cutFrames > 0 ? [`${cutFrames} frames that are cut short, of ${cutBytes} bytes, are left out`] : []),
  ];
  return { spans, channels, remarks };
}

/**
 * Whether the frame at `at` is whole, and where to go on. It is cut short if the next ones start within it, or if the
 * file ends there.
 */
function frameAfter(file: FileBytes, at: number, length: number, end: number): { whole: boolean; at: number } {
  const next = at + length;
  if (next === end) return { whole: true, at: next };
  if (next < end && (parseHeader(file, next) || skipTags(file, next) > next)) return { whole: true, at: next };
  const within = findFrames(file, at + HEADER_BYTES, Math.min(next, end), end);
  if (within !== null) return { whole: false, at: within };
  return next < end ? { whole: true, at: next } : { whole: false, at: end };
}

const fits = (header: FrameHeader, first: FrameHeader): boolean =>
  header.sampleRate === first.sampleRate && header.layer === first.layer;

/** The first byte from `from` to before `to` at which frames start, none of which reach beyond `end`; null if none do. */
function findFrames(file: FileBytes, from: number, to: number, end: number): number | null {
  const step = 2 ** 16;
  for (let start = from; start < to; start += step) {
    const bytes = file.copy(start, Math.min(step, to - start));
    for (let i = bytes.indexOf(0xff); i >= 0; i = bytes.indexOf(0xff, i + 1))
      if (isFrame(file, start + i, end)) return start + i;
  }
  return null;
}

/** Whether enough frames follow each other from this byte on. */
function isFrame(file: FileBytes, at: number, end: number): boolean {
  const first = parseHeader(file, at);
  for (let frames = 1, header = first; first && header?.length && fits(header, first); frames++) {
    at += header.length;
    if (at > end) return false;
    if (frames === FRAMES_IN_A_ROW || (at === end && frames === LAST_FRAMES)) return true;
    header = parseHeader(file, at);
  }
  return false;
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
  if (bitrate === 0) return { length: null, samples, channels, layer, sampleRate };
  const bitsPerSecond = 1000 * (KILOBITS[version === 3 ? "v1" : "v2"][layer][bitrate - 1] as number);
  const slot = layer === 1 ? 4 : 1; // bytes per slot, the unit of frame lengths and padding
  return {
    length: (Math.floor((samples * bitsPerSecond) / 8 / slot / sampleRate) + ((rates >> 1) & 1)) * slot,
    samples,
    channels,
    layer,
    sampleRate,
  };
}

/**
 * How many samples there are beyond the encoder's own count, which may miss a frame: another file behind the first one. 0 where
 * there is no count.
 *
 * @param present samples in the frames present, according to their headers
 * @throws UserError if there are fewer than the encoder counted, and that is not due to frames that are cut short
 */
function checkCount(file: FileBytes, start: number, present: number, cutFrames: number): number {
  const announced = announcedSamples(file, start);
  const header = parseHeader(file, start);
  if (announced === null || !header) return 0;
  if (present + cutFrames * header.samples < announced)
    throw new UserError(
      `${file.path} is truncated or damaged: its header announces ${announced} samples, but there are only ${present}.`,
    );
  const further = present - header.samples - announced; // but for the frame that holds the count
  return announced > 0 && further > header.samples ? further : 0;
}

/**
 * The encoder's own count of samples per channel: "Xing" or "Info", flags (1: the count follows), frames; the count
 * excludes the frame that holds it. Null if there is none.
 */
function announcedSamples(file: FileBytes, start: number): number | null {
  const first = Buffer.from(file.read(start, 200)); // a copy, since the header is read next
  const at = Math.max(first.indexOf("Xing"), first.indexOf("Info"));
  const header = parseHeader(file, start);
  if (at < 0 || !header || at + 12 > first.length || (first.readUInt32BE(at + 4) & 1) === 0) return null;
  return first.readUInt32BE(at + 8) * header.samples;
}
