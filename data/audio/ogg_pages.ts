import { UserError } from "../../engine/errors.ts";
import type { FileBytes } from "./file_bytes.ts";

/** What the pages of an Ogg file say, before anything is decoded. */
export interface OggStream {
  /** The start of the first packet, which names the codec. */
  readonly firstPacket: Uint8Array;
  /** Samples from the start of the stream to its end: the granule position of its last page. */
  readonly endPosition: number;
}

const HEADER_BYTES = 27;

/** In the flags of a page: a stream begins with it. The second of two equal files has the first one's serial. */
const FIRST_PAGE = 2;

/** Of all segments, each of up to 255 bytes. */
const LARGEST_PAGE = HEADER_BYTES + 255 + 255 * 255;

export const isOgg = (start: Uint8Array): boolean => startsPage(start);

/**
 * Walks the pages of an Ogg file and checks the checksum of each, since the decoders pass over what they do not understand.
 * A page (RFC 3533, section 6): "OggS", version, flags, granule position (8 bytes), serial, sequence number, checksum (4 each),
 * number of segments, their lengths, their bytes.
 *
 * @throws UserError if a page is damaged or missing, the file ends within one, or it holds several streams
 */
export function readOggPages(file: FileBytes): OggStream {
  const name = file.path;
  let serial: number | undefined;
  let sequence: number | undefined;
  let endPosition = 0;
  let firstPacket: Uint8Array | undefined;
  for (let start = 0, number = 1; start < file.size; number++) {
    const bytes = file.read(start, LARGEST_PAGE);
    const body = HEADER_BYTES + (bytes[HEADER_BYTES - 1] ?? 0);
    const end = bytes.subarray(HEADER_BYTES, body).reduce((sum, length) => sum + length, body);
    if (startsPage(bytes) ? end > bytes.length : bytes.length < 4)
      throw new UserError(`${name} is a cut short Ogg file: it ends within page ${number}.`);
    if (!startsPage(bytes)) throw new UserError(`${name} is a damaged Ogg file: no page starts at byte ${start}.`);
    const page = bytes.subarray(0, end);
    const view = new DataView(page.buffer, page.byteOffset, page.byteLength);
    if (checksum(page) !== view.getUint32(22, true))
      throw new UserError(`${name} is a damaged Ogg file: page ${number} does not fit its checksum.`);
    serial ??= view.getUint32(14, true);
    const begins = ((bytes[5] ?? 0) & FIRST_PAGE) !== 0;
    if (view.getUint32(14, true) !== serial || (begins && number > 1))
      throw new UserError(`${name} holds several Ogg streams, expected one.`);
    if (sequence !== undefined && view.getUint32(18, true) !== sequence + 1)
      throw new UserError(`${name} is a damaged Ogg file: before page ${number} another one is missing.`);
    sequence = view.getUint32(18, true);
    const position = view.getBigInt64(6, true); // -1 where no packet ends
    if (position > 0n) endPosition = Number(position);
    firstPacket ??= page.slice(body);
    start += end;
  }
  return { firstPacket: firstPacket ?? new Uint8Array(), endPosition };
}

const startsPage = (bytes: Uint8Array): boolean => Buffer.from(bytes.subarray(0, 4)).toString("latin1") === "OggS";

/** CRC-32 of polynomial 0x04c11db7, highest bit first, from 0; the checksum's own four bytes count as 0. */
function checksum(page: Uint8Array): number {
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
