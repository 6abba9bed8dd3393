import { writeFile } from "node:fs/promises";
import wavefile from "wavefile";
import { UserError } from "../../engine/errors.ts";
import { FileBytes } from "./file_bytes.ts";
import { checkLength, checkRate, monoRecording, type OpenRecording } from "./recording.ts";

/*
 * A WAV file is "RIFF", its length, "WAVE", then chunks: a 4-byte id, the length of the content, the content, and a
 * byte of padding if that length is odd. "fmt " says how samples are stored, "data" holds them. "RIFX" is the same with
 * big-endian numbers; "RF64" (EBU Tech 3306) is for more than 4 GiB, with the length of "data" in a chunk "ds64".
 *
 * The chunks are walked here: `mediabunny` 1.61.0 reads parts of all these layouts, but silently treats a truncated
 * file as a shorter one. `wavefile` 11.0.0 and `riff-file` 1.0.3 need the whole file in memory; `node-wav` 0.0.2 and
 * `audio-decode` 3.12.0 support neither RIFX nor RF64 and divide positive 16-bit values by 32767.
 */

const CONTAINERS = ["RIFF", "RIFX", "RF64"];
const CONTAINER_BYTES = 12;
const CHUNK_BYTES = 8;

/**
 * Size of "fmt ": the part present in every file, and the part up to and including the actual encoding of an extensible
 * file, its last 4 bytes.
 */
const FORMAT_BYTES = 16;
const EXTENSIBLE_BYTES = 28;
const EXTENSIBLE = 0xfffe;

/** Length of "data" written by a program to a pipe, or in a file whose true length is in "ds64". */
const UNKNOWN_LENGTH = 0xffffffff;

/** Samples, over all channels, decoded at a time. */
const BLOCK = 2 ** 16;

/** How a sample is stored: its number of bytes, which `read` converts to a number in [-1, 1). */
interface Encoding {
  readonly bytes: number;
  read(data: DataView, at: number, littleEndian: boolean): number;
}

/**
 * Keyed by the encoding's number in "fmt " and the bits per sample. Integers are divided by half their range; 8-bit
 * ones are unsigned.
 */
const ENCODINGS: Readonly<
  Record<number, { readonly name: string; readonly bits: Readonly<Record<number, Encoding>> }>
> = {
  1: {
    name: "PCM",
    bits: {
      8: { bytes: 1, read: (data, at) => (data.getUint8(at) - 2 ** 7) / 2 ** 7 },
      16: { bytes: 2, read: (data, at, little) => data.getInt16(at, little) / 2 ** 15 },
      24: { bytes: 3, read: (data, at, little) => readInt24(data, at, little) / 2 ** 23 },
      32: { bytes: 4, read: (data, at, little) => data.getInt32(at, little) / 2 ** 31 },
    },
  },
  3: {
    name: "float",
    bits: {
      32: { bytes: 4, read: (data, at, little) => data.getFloat32(at, little) },
      64: { bytes: 8, read: (data, at, little) => data.getFloat64(at, little) },
    },
  },
  6: { name: "A-law", bits: { 8: companded("8a") } },
  7: { name: "µ-law", bits: { 8: companded("8m") } },
};

function readInt24(data: DataView, at: number, littleEndian: boolean): number {
  return littleEndian
    ? data.getInt16(at + 1, true) * 256 + data.getUint8(at)
    : data.getInt16(at, false) * 256 + data.getUint8(at + 2);
}

/** The 256 values of A-law ("8a") or µ-law ("8m"), taken from `wavefile`. */
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
  return { bytes: 1, read: (data, at) => values[data.getUint8(at)] as number };
}

/** Where and how a WAV file stores its samples. */
export interface WavLayout {
  /** Hz */
  readonly sampleRate: number;
  readonly channels: number;
  /** In samples per channel, at least 1. */
  readonly length: number;
  /** Byte at which the samples start. */
  readonly dataStart: number;
  readonly encoding: Encoding;
  readonly littleEndian: boolean;
}

/**
 * A WAV file with PCM of 8, 16, 24 or 32 bits, float of 32 or 64 bits, A-law or µ-law, optionally "extensible". Only
 * the requested bytes are read. Nothing stays open between reads.
 */
export class WavRecording implements OpenRecording {
  readonly layout: WavLayout;
  readonly #path: string;

  private constructor(path: string, layout: WavLayout) {
    this.#path = path;
    this.layout = layout;
  }

  /**
   * Returns null for a file of another format.
   *
   * @throws UserError if the file is damaged, truncated, of an unsupported encoding or rate, or without samples
   */
  static open(path: string): WavRecording | null {
    const layout = FileBytes.using(path, readLayout);
    return layout && new WavRecording(path, layout);
  }

  get sampleRate(): number {
    return this.layout.sampleRate;
  }

  get channels(): number {
    return this.layout.channels;
  }

  length(): Promise<number> {
    return Promise.resolve(this.layout.length);
  }

  async read(from: number, to: number): Promise<Float32Array> {
    const end = Math.min(to, this.layout.length);
    const samples = new Float32Array(Math.max(0, end - from));
    FileBytes.using(this.#path, (file) => {
      for (let at = from; at < end; at += BLOCK) {
        const block = { channels: this.#decode(file, at, Math.min(BLOCK, end - at)), sampleRate: this.sampleRate };
        samples.set(monoRecording(block, this.#path).samples, at - from);
      }
    });
    return samples;
  }

  async close(): Promise<void> {}

  /** Decodes `[channels][count]`, from sample `from` on. */
  #decode(file: FileBytes, from: number, count: number): Float32Array[] {
    const { channels, dataStart, encoding, littleEndian } = this.layout;
    const stride = channels * encoding.bytes;
    const bytes = file.copy(dataStart + from * stride, count * stride);
    if (bytes.length < count * stride) throw new UserError(`${this.#path} was truncated while being read.`);
    const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return Array.from({ length: channels }, (_, channel) => {
      const samples = new Float32Array(count);
      for (let i = 0, at = channel * encoding.bytes; i < count; i++, at += stride)
        samples[i] = encoding.read(data, at, littleEndian);
      return samples;
    });
  }
}

function readLayout(file: FileBytes): WavLayout | null {
  const name = file.path;
  const head = file.copy(0, CONTAINER_BYTES);
  const container = head.toString("latin1", 0, 4);
  if (!CONTAINERS.includes(container)) return null;
  const littleEndian = container !== "RIFX";
  if (head.toString("latin1", 8) !== "WAVE") throw malformed(name, 'it has no "WAVE" marker');
  const { format, data } = findChunks(file, littleEndian);
  if (!format || !data) throw malformed(name, `it has no "${format ? "data" : "fmt "}" chunk`);
  const there = Math.max(0, file.size - data.start);
  if (data.bytes > there)
    throw new UserError(
      `${name} is truncated: its header announces ${data.bytes} bytes of samples, but there are only ${there}.`,
    );
  const [channels, sampleRate, bits] = [
    format.getUint16(2, littleEndian),
    format.getUint32(4, littleEndian),
    format.getUint16(14, littleEndian),
  ];
  if (channels < 1 || sampleRate < 1)
    throw new UserError(`${name} is damaged: its header specifies ${channels} channels at ${sampleRate} Hz.`);
  const stated = format.getUint16(0, littleEndian);
  const number =
    stated === EXTENSIBLE && format.byteLength >= EXTENSIBLE_BYTES
      ? format.getUint32(EXTENSIBLE_BYTES - 4, littleEndian)
      : stated;
  const encoding = ENCODINGS[number]?.bits[bits];
  if (!encoding) {
    const known = Object.values(ENCODINGS).map((each) => each.name);
    throw new UserError(
      `${name} has an unknown encoding (format ${number}, ${bits} bits), expected ${known.join(", ")}.`,
    );
  }
  checkRate(sampleRate, name);
  const length = Math.floor(data.bytes / (channels * encoding.bytes));
  checkLength(length, name);
  return { sampleRate, channels, length, dataStart: data.start, encoding, littleEndian };
}

const malformed = (name: string, why: string) => new UserError(`${name} is a damaged or truncated WAV file: ${why}.`);

interface WavChunks {
  /** The start of the content of "fmt ", of at least `FORMAT_BYTES`. */
  format?: DataView;
  /** Where the content of "data" starts, and its length according to the header. */
  data?: { readonly start: number; readonly bytes: number };
}

/** Walks the chunks until both are found. */
function findChunks(file: FileBytes, littleEndian: boolean): WavChunks {
  const view = (start: number, count: number): DataView => {
    const { buffer, byteOffset, byteLength } = file.copy(start, count);
    return new DataView(buffer, byteOffset, byteLength);
  };
  const found: WavChunks = {};
  let longLength: number | undefined;
  for (let at = CONTAINER_BYTES; !(found.format && found.data) && at + CHUNK_BYTES <= file.size;) {
    const id = file.copy(at, 4).toString("latin1");
    const start = at + CHUNK_BYTES;
    let bytes = view(at, CHUNK_BYTES).getUint32(4, littleEndian);
    if (id === "data" && bytes === UNKNOWN_LENGTH) bytes = longLength ?? file.size - start;
    const content = view(start, Math.min(bytes, EXTENSIBLE_BYTES));
    if (id === "ds64" && content.byteLength >= 16) longLength = Number(content.getBigUint64(8, littleEndian));
    if (id === "fmt " && content.byteLength >= FORMAT_BYTES) found.format ??= content;
    if (id === "data") found.data ??= { start, bytes };
    at = start + bytes + (bytes % 2);
  }
  return found;
}

/**
 * Encodes mono samples in [-1, 1) as 16-bit PCM: value · 32768, rounded and clipped, so that reading them back gives
 * exact multiples of 1 / 32768.
 *
 * @param sampleRate in Hz
 */
export function encodeWav(samples: Float32Array, sampleRate: number): Uint8Array {
  const values = Int16Array.from(samples, (sample) => Math.max(-32768, Math.min(32767, Math.round(sample * 32768))));
  const wav = new wavefile.WaveFile();
  wav.fromScratch(1, sampleRate, "16", values);
  return wav.toBuffer();
}

/** Writes the output of `encodeWav` to a file. */
export async function writeWav(path: string, samples: Float32Array, sampleRate: number): Promise<void> {
  await writeFile(path, encodeWav(samples, sampleRate));
}
