import { pageChecksum } from "../../../data/audio/ogg_pages.ts";

/** The same file, changed by `change`, with checksums that fit each page again. */
export function changedOgg(file: Uint8Array, change: (bytes: Buffer) => void): Buffer {
  const bytes = Buffer.from(file);
  change(bytes);
  for (let start = 0; start + 27 <= bytes.length && bytes.toString("latin1", start, start + 4) === "OggS";) {
    const body = start + 27 + (bytes[start + 26] as number);
    const end = bytes.subarray(start + 27, body).reduce((sum, length) => sum + length, body);
    if (end > bytes.length) break;
    bytes.writeUInt32LE(pageChecksum(bytes.subarray(start, end)), start + 22);
    start = end;
  }
  return bytes;
}

/**
 * The same file with its last page as two, the first of so many packets, each shorter than 255 bytes, and with this granule position.
 *
 * @param later added to the position of the last page
 */
export function withPageSplit(file: Uint8Array, packets: number, position: bigint, later = 0n): Buffer {
  const bytes = Buffer.from(file);
  const start = bytes.lastIndexOf("OggS");
  const count = bytes[start + 26] as number;
  const lengths = [...bytes.subarray(start + 27, start + 27 + count)];
  const page = (from: number, to: number, offset: number): Buffer => {
    const head = Buffer.from(bytes.subarray(start, start + 27));
    head[26] = to - from;
    head.writeUInt32LE(head.readUInt32LE(18) + (from > 0 ? 1 : 0), 18);
    const body = lengths.slice(from, to).reduce((sum, length) => sum + length, 0);
    const content = start + 27 + count + offset;
    return Buffer.concat([head, Buffer.from(lengths.slice(from, to)), bytes.subarray(content, content + body)]);
  };
  const first = page(0, packets, 0);
  first[5] = 0; // not the end
  first.writeBigInt64LE(position, 6);
  const second = page(packets, count, first.length - 27 - packets);
  second.writeBigInt64LE(second.readBigInt64LE(6) + later, 6);
  return changedOgg(Buffer.concat([bytes.subarray(0, start), first, second]), () => undefined);
}
