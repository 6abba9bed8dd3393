import loadFlac from "libflacjs";
import { UserError } from "../../engine/errors.ts";
import type { FileBytes } from "./file_bytes.ts";
import type { DecodedAudio } from "./recording.ts";
import { skipId3v2, tagsAtEnd } from "./tags.ts";

type LibFlac = ReturnType<typeof loadFlac>;

const END_OF_STREAM = 4;

/** The library's errors, by number. */
const ERRORS = [
  "no frame starts where one should",
  "the header of a frame does not match its checksum",
  "a frame does not match its checksum",
  "a frame has a feature that is reserved",
];

/** Whether a FLAC stream starts the file or follows its tags. */
export function isFlac(file: FileBytes): boolean {
  return file.read(skipId3v2(file, 0), 4).toString("latin1") === "fLaC";
}

/**
 * Decodes a 16-bit or 24-bit FLAC file, frame by frame, with libFLAC, which also checks each frame's CRC and the MD5
 * sum of the whole. Bytes behind the last frame that are no tags are left out, with a remark.
 *
 * @throws UserError if it has another bit depth; at the end, if it is damaged or truncated, or has more samples than its
 *   header announces
 */
export async function* decodeFlac(
  file: FileBytes,
  note: (remark: string) => void = () => undefined,
): AsyncGenerator<DecodedAudio> {
  const name = file.path;
  const start = skipId3v2(file, 0);
  const end = Math.max(start, tagsAtEnd(file));
  const announced = announcedSamples(file, start);
  const flac = await readyLibFlac();
  const decoder = flac.create_libflac_decoder(true);
  let position = start;
  let sampleRate = 0;
  let bitDepth = 0;
  let firstError: string | undefined;
  /** Whether something that is no frame follows the last one. */
  let isFollowed = false;
  let readError: unknown;
  let decoded = 0;
  let frames: Uint8Array[][] = [];
  const waiting = () => frames.reduce((sum, [first]) => sum + (first?.length ?? 0) / (bitDepth === 16 ? 2 : 4), 0);
  const readMore = (wanted: number) => {
    try {
      const buffer = Uint8Array.from(file.read(position, Math.min(wanted, end - position)));
      hideAnnounced(buffer, start + COUNT_AT - position);
      position += buffer.length;
      return { buffer, readDataLength: buffer.length, error: false };
    } catch (error) {
      readError = error; // must not be thrown through the library's stack frames
      return { buffer: new Uint8Array(), readDataLength: 0, error: true };
    }
  };
  flac.init_decoder_stream(
    decoder,
    readMore,
    (channels) => void frames.push(channels),
    (code) => {
      if (announced > 0 && decoded + waiting() >= announced) isFollowed = true;
      else firstError ??= ERRORS[code] ?? "it cannot be decoded";
    },
    (info) => {
      if (!info) return;
      ({ sampleRate, bitsPerSample: bitDepth } = info);
    },
  );
  let processed = true;
  let intact = false;
  try {
    while (processed && flac.FLAC__stream_decoder_get_state(decoder) < END_OF_STREAM) {
      processed = flac.FLAC__stream_decoder_process_single(decoder); // a frame, or a metadata block before the first
      if (bitDepth !== 16 && bitDepth !== 24 && (bitDepth !== 0 || frames.length > 0))
        throw new UserError(`${name} is a FLAC file of ${bitDepth} bits, expected 16 or 24.`);
      for (const frame of frames) {
        const channels = frame.map((bytes) => samplesOf(bytes, bitDepth as 16 | 24));
        decoded += channels[0]?.length ?? 0;
        yield { channels, sampleRate };
      }
      frames = [];
    }
    processed &&= flac.FLAC__stream_decoder_get_state(decoder) === END_OF_STREAM;
  } finally {
    intact = flac.FLAC__stream_decoder_finish(decoder);
    flac.FLAC__stream_decoder_delete(decoder);
  }
  if (readError !== undefined) throw readError;
  if (sampleRate === 0) throw new UserError(`${name} is a damaged or truncated FLAC file: it has no stream header.`);
  if (decoded < announced) {
    throw new UserError(
      `${name} is truncated or damaged: its header announces ${announced} samples, but only ${decoded} could be read.`,
    );
  }
  if (holdsAnother(file, start + 1)) throw new UserError(`${name} contains several FLAC streams, expected one.`);
  if (announced > 0 && decoded > announced)
    throw new UserError(
      `${name} is a damaged FLAC file: its header announces ${announced} samples, but there are ${decoded}.`,
    );
  if (firstError !== undefined || !processed || !intact) {
    throw new UserError(`${name} is a damaged FLAC file: ${firstError ?? "its checksum does not match its samples"}.`);
  }
  if (isFollowed) note("bytes behind its last frame are left out");
}

/** Where the header has the number of samples, in the lower half of one byte and four more. */
const COUNT_AT = 21;
const COUNT_BYTES = 5;

/** The number of samples that the header announces; 0 if it does not. */
function announcedSamples(file: FileBytes, start: number): number {
  const bytes = file.copy(start + COUNT_AT, COUNT_BYTES);
  return bytes.length < COUNT_BYTES ? 0 : ((bytes[0] as number) & 15) * 2 ** 32 + bytes.readUInt32BE(1);
}

/** Takes that number away, since the library would not look at what follows so many samples. */
function hideAnnounced(buffer: Uint8Array, at: number): void {
  for (let i = Math.max(0, at); i < Math.min(at + COUNT_BYTES, buffer.length); i++)
    buffer[i] = i === at ? (buffer[i] as number) & 0xf0 : 0;
}

/**
 * How each stream starts: the marker, then the header of the 34-byte STREAMINFO block, which may be the last metadata
 * block.
 */
const STREAM_STARTS = [0, 0x80].map((isLast) => Buffer.from([...Buffer.from("fLaC"), isLast, 0, 0, 34]));

/** Looks for a further stream, whose frames the library decodes like those of the first. */
function holdsAnother(file: FileBytes, start: number): boolean {
  const [step, overlap] = [2 ** 18, 7];
  for (let at = start; at < file.size; at += step) {
    const bytes = file.read(at, step + overlap);
    if (STREAM_STARTS.some((wanted) => bytes.includes(wanted))) return true;
  }
  return false;
}

/**
 * Waits until libFLAC is ready: 30 ms the first time, after which Node keeps the module. "release" is plain JavaScript;
 * the package's WebAssembly build does not load on Node 18 and later.
 */
export async function readyLibFlac(): Promise<LibFlac> {
  const flac = loadFlac("release");
  if (!flac.isReady()) await new Promise((resolve) => flac.on("ready", resolve));
  return flac;
}

/** Converts a frame's bytes of one channel: two per 16-bit sample, four (sign-extended) per 24-bit one. */
function samplesOf(bytes: Uint8Array, bitDepth: 16 | 24): Float32Array {
  const integers = new (bitDepth === 16 ? Int16Array : Int32Array)(Uint8Array.from(bytes).buffer);
  const half = 2 ** (bitDepth - 1);
  return Float32Array.from(integers, (value) => value / half);
}
