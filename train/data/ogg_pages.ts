import { UserError } from "../../engine/errors.ts";

/** What the pages of an Ogg file say, before anything is decoded. */
export interface OggStream {
  /** The start of the first packet, which names the codec. */
  readonly firstPacket: Uint8Array;
  /** Samples from the start of the stream to its end: the granule position of its last page. */
  readonly endPosition: number;
}

const HEADER_BYTES = 27;

export const isOgg = (bytes: Uint8Array): boolean => startsPage(bytes, 0);

/**
 * Walks the pages of an Ogg file and checks the checksum of each, since the decoders pass over what they do not understand.
 * A page (RFC 3533, section 6): "OggS", version, flags, granule position (8 bytes), serial, sequence number, checksum (4 each),
 * number of segments, their lengths, their bytes.
 *
 * @param name how messages call the file
 * @throws UserError if a page is damaged, the file ends within one, or it holds several streams
 */
export function readOggPages(bytes: Uint8Array, name: string): OggStream {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let endPosition = 0;
  let firstPacket: Uint8Array | undefined;
  for (let start = 0, page = 1; start < bytes.length; page++) {
    const segments = start + HEADER_BYTES;
    const count = bytes[segments - 1] ?? 0;
    const body = segments + count;
    const end = bytes.subarray(segments, body).reduce((sum, length) => sum + length, body);
    if (startsPage(bytes, start) && end > bytes.length) throw cutShort(name, page);
    if (!startsPage(bytes, start)) throw bytes.length - start < 4 ? cutShort(name, page) : new UserError(`${name} is a damaged Ogg file: no page starts at byte ${start}.`);
    if (body > bytes.length) throw cutShort(name, page);
    if (checksum(bytes.subarray(start, end)) !== view.getUint32(start + 22, true)) throw new UserError(`${name} is a damaged Ogg file: page ${page} does not fit its checksum.`);
    if (view.getUint32(start + 14, true) !== view.getUint32(14, true)) throw new UserError(`${name} holds several Ogg streams, expected one.`);
    const position = view.getBigInt64(start + 6, true); // -1 where no packet ends
    if (position > 0n) endPosition = Number(position);
    firstPacket ??= bytes.subarray(body, end);
    start = end;
  }
  return { firstPacket: firstPacket ?? new Uint8Array(), endPosition };
}

const cutShort = (name: string, page: number) => new UserError(`${name} is a cut short Ogg file: it ends within page ${page}.`);

const startsPage = (bytes: Uint8Array, at: number): boolean => Buffer.from(bytes.subarray(at, at + 4)).toString("latin1") === "OggS";

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
