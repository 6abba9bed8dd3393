import { UserError } from "../../engine/errors.ts";
import { announcedBytes, chunkAt, chunkEnd, isPlaceholder, viewOf } from "./chunks.ts";
import { aLaw, floats, integers, muLaw, type Encoding } from "./encodings.ts";
import type { FileBytes } from "./file_bytes.ts";
import type { PcmLayout } from "./pcm_recording.ts";

/*
 * An AIFF file is "FORM", its length, "AIFF" or "AIFC", then chunks, with big-endian numbers. "COMM" says how samples are
 * stored, in AIFC files with four letters for the encoding; "SSND" holds them after 8 bytes: how far into the rest they
 * start, and a block size that is of no use.
 */

const CONTAINER_BYTES = 12;
const COMMON_BYTES = { AIFF: 18, AIFC: 22 };
const SOUND_HEADER_BYTES = 8;

/** The encodings without compression by their letters, in lower case; the sizes of samples come from "COMM". */
const ENCODINGS: Readonly<Record<string, (bits: number) => { encoding: Encoding | null; littleEndian?: boolean }>> = {
  none: (bits) => ({ encoding: packed(bits) }),
  twos: (bits) => ({ encoding: packed(bits) }),
  sowt: (bits) => ({ encoding: packed(bits), littleEndian: true }),
  "raw ": (bits) => ({ encoding: bits === 8 ? integers(1, 8, true) : null }),
  in24: () => ({ encoding: integers(3, 24) }),
  "42ni": () => ({ encoding: integers(3, 24), littleEndian: true }),
  in32: () => ({ encoding: integers(4, 32) }),
  "23ni": () => ({ encoding: integers(4, 32), littleEndian: true }),
  fl32: () => ({ encoding: floats(4) }),
  fl64: () => ({ encoding: floats(8) }),
  alaw: () => ({ encoding: aLaw }),
  ulaw: () => ({ encoding: muLaw }),
};

/** Integers in the fewest bytes that hold them. */
const packed = (bits: number): Encoding | null => integers(Math.ceil(bits / 8), bits);

/**
 * Reads the header of an AIFF file with integers of up to 32 bits, or of an AIFC file with those, float, A-law or µ-law.
 * Returns null for a file of another format.
 *
 * @throws UserError if the file is damaged, truncated, compressed, or contradicts itself
 */
export function readAiffLayout(file: FileBytes): PcmLayout | null {
  const name = file.path;
  const head = file.copy(0, CONTAINER_BYTES).toString("latin1");
  const kind = head.slice(8);
  if (!head.startsWith("FORM") || (kind !== "AIFF" && kind !== "AIFC")) return null;
  const { common, sound } = findChunks(file, COMMON_BYTES[kind]);
  if (!common || !sound) throw malformed(name, `it has no "${common ? "SSND" : "COMM"}" chunk`);

  const [channels, bits, sampleRate] = [common.getUint16(0), common.getUint16(6), extended(common, 8)];
  if (channels < 1 || !(sampleRate >= 1))
    throw new UserError(`${name} is damaged: its header specifies ${channels} channels at ${sampleRate} Hz.`);
  if (!Number.isInteger(sampleRate))
    throw new UserError(`${name} has a sample rate of ${sampleRate} Hz, expected a whole number.`);
  const letters = kind === "AIFF" ? "NONE" : String.fromCharCode(...[18, 19, 20, 21].map((at) => common.getUint8(at)));
  const { encoding, littleEndian = false } = ENCODINGS[letters.toLowerCase()]?.(bits) ?? { encoding: null };
  if (!encoding)
    throw new UserError(
      `${name} has an unknown encoding ("${letters.replace(/[^\x20-\x7e]/gu, "?")}", ${bits} bits), expected one without compression.`,
    );

  const blockBytes = channels * encoding.bytes;
  const { start, bytes, remarks } = soundBytes(file, sound);
  const length = Math.floor(bytes / blockBytes);
  const counted = common.getUint32(2);
  const layout = { sampleRate, channels, length, dataStart: start, encoding, littleEndian, remarks };
  if (isPlaceholder(counted) || isPlaceholder(counted * blockBytes) || counted === length) return layout;
  if (counted > length)
    throw new UserError(
      `${name} is truncated: its header announces ${counted} samples, but there is room for only ${length}.`,
    );
  const rest = bytes - counted * blockBytes;
  return { ...layout, length: counted, remarks: [...remarks, `${rest} bytes behind its samples are left out`] };
}

const malformed = (name: string, why: string) => new UserError(`${name} is a damaged or truncated AIFF file: ${why}.`);

/** Where the content of "SSND" starts, and its length according to its header. */
interface Sound {
  readonly start: number;
  readonly bytes: number;
}

/** Walks the chunks until both are found; "COMM" may follow the samples. */
function findChunks(file: FileBytes, commonBytes: number): { common?: DataView; sound?: Sound } {
  const found: { common?: DataView; sound?: Sound } = {};
  for (let at = CONTAINER_BYTES; !(found.common && found.sound);) {
    const chunk = chunkAt(file, at, false);
    if (!chunk) break;
    const { id, start, bytes } = chunk;
    const content = viewOf(file, start, Math.min(bytes, commonBytes));
    if (id === "COMM" && content.byteLength === commonBytes) found.common ??= content;
    if (id === "SSND") found.sound ??= { start, bytes };
    at = chunkEnd(start, bytes);
  }
  return found;
}

/** @throws UserError if the file ends before the samples */
function soundBytes(file: FileBytes, { start, bytes }: Sound) {
  const header = viewOf(file, start, SOUND_HEADER_BYTES);
  if (header.byteLength < SOUND_HEADER_BYTES) throw malformed(file.path, 'its "SSND" chunk is cut short');
  const skipped = SOUND_HEADER_BYTES + header.getUint32(0);
  if (!isPlaceholder(bytes) && skipped > bytes) throw malformed(file.path, "its samples start behind their end");
  return announcedBytes(file, start + skipped, Math.max(0, bytes - skipped), false);
}

/** A number of 80 bits: sign and exponent, 16 of them, then the fraction with its leading 1. */
function extended(data: DataView, at: number): number {
  const exponent = data.getUint16(at) - 16383;
  const fraction = data.getUint32(at + 2) * 2 ** 32 + data.getUint32(at + 6);
  return fraction === 0 ? 0 : fraction * 2 ** (exponent - 63);
}
