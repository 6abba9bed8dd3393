import { UserError } from "../../engine/errors.ts";
import type { FileBytes } from "./file_bytes.ts";

/*
 * WAV and AIFF files are chunks: a 4-byte id, the length of the content, the content, and a byte of padding if that
 * length is odd. One of them holds the samples.
 */

/** Id and length. */
export const CHUNK_HEADER_BYTES = 8;

export interface Chunk {
  readonly id: string;
  /** Where its content starts. */
  readonly start: number;
  /** Length of its content, according to the file. */
  readonly bytes: number;
}

/** The chunk whose header is at this byte; null at the end of the file. */
export function chunkAt(file: FileBytes, at: number, littleEndian: boolean): Chunk | null {
  const header = viewOf(file, at, CHUNK_HEADER_BYTES);
  if (header.byteLength < CHUNK_HEADER_BYTES) return null;
  const id = String.fromCharCode(...[0, 1, 2, 3].map((i) => header.getUint8(i)));
  return { id, start: at + CHUNK_HEADER_BYTES, bytes: header.getUint32(4, littleEndian) };
}

/** Where the next chunk starts. */
export const chunkEnd = (start: number, bytes: number): number => start + bytes + (bytes % 2);

/** A view of a copy of these bytes, fewer at the end of the file. */
export function viewOf(file: FileBytes, start: number, count: number): DataView<ArrayBuffer> {
  const { buffer, byteOffset, byteLength } = file.copy(start, count);
  return new DataView(buffer as ArrayBuffer, byteOffset, byteLength);
}

/** Ids of chunks with samples, and of whole files, as where one was appended to another. */
const SOUND = ["data", "SSND", "RIFF", "RIFX", "RF64", "BW64", "FORM"];

/**
 * The number of bytes from `at` to before `end` that are no chunks, or more sound: 0 if other chunks fill them. The last one
 * may lack its byte of padding.
 */
export function bytesOutsideChunks(file: FileBytes, at: number, end: number, littleEndian: boolean): number {
  while (at < end) {
    const chunk = chunkAt(file, at, littleEndian);
    if (!chunk || !/^[\x20-\x7e]{4}$/u.test(chunk.id) || chunk.start + chunk.bytes > end || SOUND.includes(chunk.id))
      return end - at;
    at = chunkEnd(chunk.start, chunk.bytes);
  }
  return 0;
}

/**
 * Whether a length stands for "not known yet". A program that writes to a pipe, or was stopped, leaves 0, or a number
 * at the upper limit of 32 bits, signed or not: 0x7ffff000 (SoX), 0x80000000 (arecord), 0xffffffff (FFmpeg), or what is
 * left of such a limit after headers and rounding to whole samples. SoX has another one in AIFF files, 0x7f000000.
 */
export function isPlaceholder(bytes: number): boolean {
  const near = (limit: number): boolean => Math.abs(bytes - limit) <= 2 ** 16;
  return bytes === 0 || near(2 ** 31) || near(2 ** 32) || near(0x7f000000) || bytes > Number.MAX_SAFE_INTEGER / 2;
}

/** Where a file's samples are, in bytes, and what had to be decided about that. */
export interface SampleBytes {
  readonly start: number;
  readonly bytes: number;
  readonly remarks: readonly string[];
}

/** Fewer bytes behind the samples than a chunk's header are padding, not content. */
const PADDING_BYTES = CHUNK_HEADER_BYTES - 1;

/**
 * The bytes of samples of which a header announces so many. If it has a placeholder, they extend to the end of the
 * file.
 *
 * @throws UserError if the file ends before
 */
export function announcedBytes(file: FileBytes, start: number, announced: number, littleEndian: boolean): SampleBytes {
  const there = Math.max(0, file.size - start);
  const outside = bytesOutsideChunks(file, chunkEnd(start, announced), file.size, littleEndian);
  if (announced === 0 && outside === 0) return { start, bytes: 0, remarks: [] }; // nothing or other chunks follow
  if (announced > 0 && announced <= there)
    return {
      start,
      bytes: announced,
      remarks: outside > PADDING_BYTES ? [`${outside} bytes behind its samples are left out`] : [],
    };
  if (!isPlaceholder(announced))
    throw new UserError(
      `${file.path} is truncated: its header announces ${announced} bytes of samples, but there are only ${there}.`,
    );
  const stated = announced === 0 ? "0" : `0x${announced.toString(16)}`;
  return {
    start,
    bytes: there,
    remarks: [`its header does not say how long it is (${stated} bytes), so it is read to its end`],
  };
}
