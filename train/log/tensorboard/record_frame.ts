import crc32c from "crc-32/crc32c.js";

/**
 * A record as TFRecord files have it: its length in 8 bytes, the length's checksum, the data, the data's checksum, all
 * little-endian. A reader can so tell a record that was cut short.
 */
export function frameRecord(data: Uint8Array): Buffer {
  const frame = Buffer.alloc(12 + data.length + 4);
  frame.writeBigUInt64LE(BigInt(data.length), 0);
  frame.writeUInt32LE(maskedChecksum(frame.subarray(0, 8)), 8);
  frame.set(data, 12);
  frame.writeUInt32LE(maskedChecksum(data), 12 + data.length);
  return frame;
}

/** CRC32C, rotated and shifted as TFRecord does, since the checksum of data that holds its own checksum is a bad one. */
export function maskedChecksum(data: Uint8Array): number {
  const checksum = crc32c.buf(data) >>> 0;
  return (((checksum >>> 15) | (checksum << 17)) + 0xa282ead8) >>> 0;
}
