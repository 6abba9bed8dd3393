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
