import { chunk } from "./wav_file.ts";

/** What a file claims, by default 16 bits, mono, 8 kHz. */
export interface AiffFields {
  letters?: string;
  bits?: number;
  channels?: number;
  /** Samples of each channel. */
  frames: number;
  soundBytes?: number;
  offset?: number;
  /** The 80 bits of the sample rate. */
  rate?: string;
  behind?: readonly Uint8Array[];
  commonLast?: boolean;
}

const EIGHT_KHZ = "400bfa00000000000000";

/** An AIFF file, or AIFC with letters of an encoding, whose header says what a test wants, true or not. */
export function aiffFile(sound: Uint8Array, fields: AiffFields): Buffer {
  const { letters, bits = 16, channels = 1, frames, rate = EIGHT_KHZ } = fields;
  const { offset = 0, soundBytes = 8 + offset + sound.length, behind = [], commonLast = false } = fields;
  const common = Buffer.alloc(18);
  common.writeUInt16BE(channels, 0);
  common.writeUInt32BE(frames, 2);
  common.writeUInt16BE(bits, 6);
  common.write(rate, 8, "hex");
  const head = Buffer.alloc(8 + offset);
  head.writeUInt32BE(offset, 0);
  const big = { littleEndian: false };
  const described = chunk("COMM", Buffer.concat([common, Buffer.from(letters ? `${letters}\0\0` : "")]), big);
  const heard = chunk("SSND", Buffer.concat([head, sound]), { ...big, bytes: soundBytes });
  const content = [Buffer.from(letters ? "AIFC" : "AIFF"), ...(commonLast ? [heard, described] : [described, heard])];
  return chunk("FORM", Buffer.concat([...content, ...behind]), big);
}
