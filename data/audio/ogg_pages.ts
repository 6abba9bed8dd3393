import { UserError } from "../../engine/errors.ts";
import type { FileBytes } from "./file_bytes.ts";

/*
 * The decoders skip pages they do not understand, so the pages are walked here first and their checksums verified:
 * `codec-parser` 2.5.0, which finds the pages for the decoders, `mediabunny` 1.61.0 and `music-metadata` 11.16.1
 * silently return all samples of a file with a damaged page, or with garbage after its last page.
 */

/** What the pages of an Ogg file say, before anything is decoded. */
export interface OggStream {
  /** The start of the first packet, which names the codec. */
  readonly firstPacket: Buffer;
  /** Samples from the start of the stream to its end: the granule position of its last page. */
  readonly endPosition: number;
  /** Whether the last page is marked as the end. */
  readonly isClosed: boolean;
  /**
   * The first page on which a packet of sound ends: its granule position, and the byte at which the page behind it ends, up to
   * which a decoder has to read to decode it. Undefined if no page follows.
   */
  readonly firstSound: { readonly position: number; readonly decodedAt: number } | undefined;
}

const HEADER_BYTES = 27;

/** Page flag: beginning of a stream. Needed besides the serial number, which concatenated copies of a file share. */
const FIRST_PAGE = 2;

/** Page flag: end of a stream. */
const LAST_PAGE = 4;

/** 255 segments of up to 255 bytes each. */
const LARGEST_PAGE = HEADER_BYTES + 255 + 255 * 255;

/**
 * Walks the pages of an Ogg file and verifies each one's checksum. A page (RFC 3533, section 6): "OggS", version,
 * flags, granule position (8 bytes), serial number, sequence number, checksum (4 each), number of segments, their
 * lengths, their bytes.
 *
 * @throws UserError if a page is damaged or missing, the file ends within one, or it contains several streams
 */
export function readPages(file: FileBytes): OggStream {
  const name = file.path;
  let serial: number | undefined;
  let sequence: number | undefined;
  let endPosition = 0;
  let firstPacket: Buffer | undefined;
  let firstPosition = 0;
  let isClosed = false;
  let firstSound: OggStream["firstSound"];
  for (let start = 0, number = 1; start < file.size; number++) {
    const bytes = file.read(start, LARGEST_PAGE);
    const body = HEADER_BYTES + (bytes[HEADER_BYTES - 1] ?? 0);
    const end = bytes.subarray(HEADER_BYTES, body).reduce((sum, length) => sum + length, body);
    if (startsPage(bytes) ? end > bytes.length : bytes.length < 4)
      throw new UserError(`${name} is a truncated Ogg file: it ends within page ${number}.`);
    if (!startsPage(bytes)) throw new UserError(`${name} is a damaged Ogg file: no page starts at byte ${start}.`);
    const page = bytes.subarray(0, end);
    const view = new DataView(page.buffer, page.byteOffset, page.byteLength);
    if (pageChecksum(page) !== view.getUint32(22, true))
      throw new UserError(`${name} is a damaged Ogg file: page ${number} does not match its checksum.`);
    serial ??= view.getUint32(14, true);
    const begins = ((bytes[5] ?? 0) & FIRST_PAGE) !== 0;
    if (view.getUint32(14, true) !== serial || (begins && number > 1))
      throw new UserError(`${name} contains several Ogg streams, expected one.`);
    if (sequence !== undefined && view.getUint32(18, true) !== sequence + 1)
      throw new UserError(`${name} is a damaged Ogg file: a page is missing before page ${number}.`);
    sequence = view.getUint32(18, true);
    const position = view.getBigInt64(6, true); // -1 where no packet ends
    if (firstPosition > 0) firstSound ??= { position: firstPosition, decodedAt: start + end };
    if (position > 0n) endPosition = Number(position);
    firstPosition ||= endPosition;
    isClosed = ((bytes[5] ?? 0) & LAST_PAGE) !== 0;
    firstPacket ??= Buffer.from(page.subarray(body)); // a copy
    start += end;
  }
  return { firstPacket: firstPacket ?? Buffer.alloc(0), endPosition, isClosed, firstSound };
}

export const startsPage = (bytes: Buffer): boolean => bytes.toString("latin1", 0, 4) === "OggS";

/**
 * CRC-32 with polynomial 0x04c11db7, most significant bit first, starting from 0, with the checksum's own four bytes as
 * 0. The package `crc-32` and `node:zlib` have the variant with the least significant bit first.
 */
export function pageChecksum(page: Uint8Array): number {
  let crc = 0;
  for (let i = 0; i < page.length; i++) {
    const byte = i >= 22 && i < 26 ? 0 : (page[i] as number);
    crc = (crc << 8) ^ (CRC_OF_BYTE[(crc >>> 24) ^ byte] as number);
  }
  return crc >>> 0;
}

const CRC_OF_BYTE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 24;
  for (let bit = 0; bit < 8; bit++) crc = (crc << 1) ^ (crc < 0 ? 0x04c11db7 : 0);
  return crc;
});
