import { open, stat, type FileHandle } from "node:fs/promises";
import { UserError } from "../../engine/errors.ts";
import type { SampleSpan } from "./piece.ts";
import { rateLimits } from "./resample.ts";
import { isWav } from "./wav.ts";

/*
 * Where a WAV file keeps its samples, so that a part of it can be read without the rest. A file is "RIFF", its length, "WAVE",
 * then chunks: an id of 4 bytes, the length of the content, the content, a byte of padding if that is odd. "fmt " says how samples
 * are stored, "data" has them. "RIFX" is the same with big-endian numbers; "RF64" is for files of more than 4 GiB, whose lengths
 * are in a chunk "ds64".
 */
export interface WavLayout {
  /** Hz */
  readonly sampleRate: number;
  readonly channels: number;
  /** In samples of each channel. */
  readonly length: number;
  /** Byte at which the samples start, and how many bytes one of all channels has. */
  readonly dataStart: number;
  readonly blockBytes: number;
  /** "RIFF" or "RIFX", whose numbers are big-endian. */
  readonly container: "RIFF" | "RIFX";
  /** The content of "fmt ". */
  readonly format: Buffer;
}

const CONTAINER_BYTES = 12;
const CHUNK_BYTES = 8;
const FORMAT_BYTES = 16;
const LARGEST_FORMAT = 1024;

/** The length of "data" that a program writes to a pipe, and that of a file whose true length is in "ds64". */
const UNKNOWN_LENGTH = 0xffffffff;

/** Encodings that store each sample by itself, by the number in "fmt ": PCM, float, A-law, µ-law, extensible. */
const SEPARATE_SAMPLES = [1, 3, 6, 7, 0xfffe];

/** The layout of a WAV file; null of any other, and of one in which anything is odd: decoding all of it says what. */
export async function findWavLayout(path: string): Promise<WavLayout | null> {
  const isFile = await stat(path).then(
    (stats) => stats.isFile(),
    () => false,
  );
  const file = isFile ? await open(path).catch(() => null) : null; // to open a pipe is to wait for somebody who writes
  try {
    return file && (await readLayout(file));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    return null;
  } finally {
    await file?.close();
  }
}

async function readLayout(file: FileHandle): Promise<WavLayout | null> {
  const { size } = await file.stat();
  const head = await readAt(file, 0, CONTAINER_BYTES);
  if (!isWav(head) || head.toString("latin1", 8, 12) !== "WAVE") return null;
  const container = head.toString("latin1", 0, 4) === "RIFX" ? "RIFX" : "RIFF";
  const [number, short] =
    container === "RIFX" ? (["readUInt32BE", "readUInt16BE"] as const) : (["readUInt32LE", "readUInt16LE"] as const);
  let format: Buffer | undefined;
  let longLength: number | undefined;
  for (let at = CONTAINER_BYTES; at + CHUNK_BYTES <= size;) {
    const chunk = await readAt(file, at, CHUNK_BYTES);
    const id = chunk.toString("latin1", 0, 4);
    const length = chunk[number](4);
    const start = at + CHUNK_BYTES;
    if (id === "ds64") longLength = Number((await readAt(file, start, 16)).readBigUInt64LE(8));
    if (id === "fmt " && length >= FORMAT_BYTES && length <= LARGEST_FORMAT) format = await readAt(file, start, length);
    if (id === "data") {
      if (!format) return null;
      const [encoding, channels, sampleRate, blockBytes, bits] = [
        format[short](0),
        format[short](2),
        format[number](4),
        format[short](12),
        format[short](14),
      ];
      const bytes = length === UNKNOWN_LENGTH ? (longLength ?? size - start) : length;
      const samples = Math.floor(bytes / blockBytes);
      const usual =
        SEPARATE_SAMPLES.includes(encoding) &&
        channels >= 1 &&
        blockBytes === (channels * bits) / 8 &&
        sampleRate >= rateLimits.lowest &&
        sampleRate <= rateLimits.highest;
      return usual && samples >= 1 && start + bytes <= size
        ? { sampleRate, channels, length: samples, dataStart: start, blockBytes, container, format }
        : null;
    }
    at = start + length + (length % 2);
  }
  return null;
}

/**
 * A WAV file of its own with the samples of a span.
 *
 * @throws UserError if the file has become shorter or cannot be read any more
 */
export async function readWavSpan(
  path: string,
  { dataStart, blockBytes, container, format }: WavLayout,
  { from, to }: SampleSpan,
): Promise<Buffer> {
  const bytes = (to - from) * blockBytes;
  const header = Buffer.alloc(CONTAINER_BYTES + CHUNK_BYTES + format.length + (format.length % 2) + CHUNK_BYTES);
  const write = (value: number, at: number): number =>
    container === "RIFX" ? header.writeUInt32BE(value, at) : header.writeUInt32LE(value, at);
  header.write(container, 0, "latin1");
  write(header.length + bytes - CHUNK_BYTES, 4);
  header.write("WAVEfmt ", 8, "latin1");
  write(format.length, 16);
  format.copy(header, CONTAINER_BYTES + CHUNK_BYTES);
  header.write("data", header.length - CHUNK_BYTES, "latin1");
  write(bytes, header.length - 4);

  let file: FileHandle | undefined;
  try {
    file = await open(path);
    const content = await readAt(file, dataStart + from * blockBytes, bytes);
    if (content.length < bytes) throw new UserError(`${path} has become shorter while it was read.`);
    return Buffer.concat([header, content]);
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(
      `${path} cannot be read: ${(error as NodeJS.ErrnoException).code ?? (error as Error).message}.`,
    );
  } finally {
    await file?.close();
  }
}

/** So many bytes, or fewer at the end of the file. */
async function readAt(file: FileHandle, position: number, bytes: number): Promise<Buffer> {
  const buffer = Buffer.alloc(bytes);
  const { bytesRead } = await file.read(buffer, 0, bytes, position);
  return buffer.subarray(0, bytesRead);
}
