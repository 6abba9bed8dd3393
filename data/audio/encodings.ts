import wavefile from "wavefile";

/** How a file without compression stores a sample: its number of bytes, which `read` converts to a number in [-1, 1). */
export interface Encoding {
  readonly bytes: number;
  /**
   * The lowest bits of a sample, which hold nothing if it fills only the upper ones, as all containers have it. Whole
   * bytes of them must be 0: anything else is of another layout, such as samples in the lower bits.
   */
  readonly unusedBits: number;
  read(data: DataView, at: number, littleEndian: boolean): number;
}

type Read = Encoding["read"];

const SIGNED: Readonly<Record<number, Read>> = {
  1: (data, at) => data.getInt8(at) / 2 ** 7,
  2: (data, at, little) => data.getInt16(at, little) / 2 ** 15,
  3: (data, at, little) => readInt24(data, at, little) / 2 ** 23,
  4: (data, at, little) => data.getInt32(at, little) / 2 ** 31,
};

const unsigned8: Read = (data, at) => (data.getUint8(at) - 2 ** 7) / 2 ** 7;

/**
 * Integers of `bits` bits in the upper bits of `bytes` bytes, divided by half their range. Null if there are no such.
 *
 * @param unsigned whether those of one byte have their zero at 128, as in WAV files
 */
export function integers(bytes: number, bits: number, unsigned = false): Encoding | null {
  const read = bytes === 1 && unsigned ? unsigned8 : SIGNED[bytes];
  return read && bits >= 1 && bits <= 8 * bytes ? { bytes, unusedBits: 8 * bytes - bits, read } : null;
}

/** Floating point of 4 or 8 bytes; null for other sizes. `scale` is the number that stands for 1. */
export function floats(bytes: number, scale = 1): Encoding | null {
  if (bytes === 4) return { bytes, unusedBits: 0, read: (data, at, little) => data.getFloat32(at, little) / scale };
  if (bytes === 8) return { bytes, unusedBits: 0, read: (data, at, little) => data.getFloat64(at, little) / scale };
  return null;
}

/** A-law ("8a") and µ-law ("8m"): one byte, whose 256 values are taken from `wavefile`. */
export const aLaw: Encoding = companded("8a");
export const muLaw: Encoding = companded("8m");

function companded(law: "8a" | "8m"): Encoding {
  const wav = new wavefile.WaveFile();
  wav.fromScratch(
    1,
    8000,
    law,
    Uint8Array.from({ length: 256 }, (_, code) => code),
  );
  if (law === "8a") wav.fromALaw();
  else wav.fromMuLaw();
  const values = Float32Array.from(wav.getSamples(true), (value) => value / 2 ** 15);
  return { bytes: 1, unusedBits: 0, read: (data, at) => values[data.getUint8(at)] as number };
}

function readInt24(data: DataView, at: number, littleEndian: boolean): number {
  return littleEndian
    ? data.getInt16(at + 1, true) * 256 + data.getUint8(at)
    : data.getInt16(at, false) * 256 + data.getUint8(at + 2);
}
