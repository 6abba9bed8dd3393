import { writeFile } from "node:fs/promises";
import wavefile from "wavefile";
import { UserError } from "../../engine/errors.ts";
import {
  announcedBytes,
  bytesOutsideChunks,
  chunkAt,
  chunkEnd,
  isPlaceholder,
  viewOf,
  type SampleBytes,
} from "./chunks.ts";
import { aLaw, floats, integers, muLaw, type Encoding } from "./encodings.ts";
import type { FileBytes } from "./file_bytes.ts";
import type { PcmLayout } from "./pcm_recording.ts";

/*
 * A WAV file is "RIFF", its length, "WAVE", then chunks. "fmt " says how samples are stored, "data" holds them. "RIFX" is
 * the same with big-endian numbers; "RF64" (EBU Tech 3306) and "BW64" (ITU-R BS.2088), which is the same here, are for
 * more than 4 GiB, with the length of "data" in a chunk "ds64".
 *
 * The chunks are walked here: `mediabunny` 1.61.0 reads parts of all these layouts, but silently treats a truncated
 * file as a shorter one. `wavefile` 11.0.0 and `riff-file` 1.0.3 need the whole file in memory; `node-wav` 0.0.2 and
 * `audio-decode` 3.12.0 support neither RIFX nor RF64 and divide positive 16-bit values by 32767.
 */

const CONTAINERS = ["RIFF", "RIFX", "RF64", "BW64"];
const CONTAINER_BYTES = 12;

/** Size of "fmt ": the part present in every file, and that of an extensible file. */
const FORMAT_BYTES = 16;
const EXTENSIBLE_BYTES = 40;
const EXTENSIBLE = 0xfffe;

/** What follows the encoding's number in the 16 bytes that name it in an extensible file: Microsoft's, and ambisonics. */
const GUID_ENDS = ["000010008000 00aa00389b71", "2107d3118644 c8c1ca000000"].map((end) => end.replace(" ", ""));

/** The numbers in "fmt " of the encodings that are read. */
const [PCM, FLOAT, A_LAW, MU_LAW] = [1, 3, 6, 7];

/** What "fmt " says. */
interface Format {
  /** How samples are encoded. */
  readonly number: number;
  readonly channels: number;
  /** Hz */
  readonly sampleRate: number;
  /** Bytes of a sample of all channels. */
  readonly blockBytes: number;
  readonly bits: number;
  /** How many of these hold something; in an extensible file they may be fewer. */
  readonly validBits: number;
  /** Whether it is "16.8 float" of Cool Edit: numbers of 32 bits in which 32768 stands for 1, by the name of PCM. */
  readonly isCoolEditFloat: boolean;
}

/**
 * Reads the header of a WAV file with PCM of up to 32 bits, float of 32 or 64 bits, A-law or µ-law, optionally
 * "extensible". Returns null for a file of another format.
 *
 * @throws UserError if the file is damaged, truncated, of an unsupported encoding, or contradicts itself
 */
export function readWavLayout(file: FileBytes): PcmLayout | null {
  const name = file.path;
  const head = file.copy(0, CONTAINER_BYTES);
  const container = head.toString("latin1", 0, 4);
  if (!CONTAINERS.includes(container)) return null;
  const littleEndian = container !== "RIFX";
  if (head.toString("latin1", 8) !== "WAVE") throw malformed(name, 'it has no "WAVE" marker');
  const { format: bytes, data, long } = findChunks(file, littleEndian);
  if (!bytes || !data) throw malformed(name, `it has no "${bytes ? "data" : "fmt "}" chunk`);
  const format = readFormat(bytes, littleEndian);
  const { channels, sampleRate } = format;
  if (channels < 1 || sampleRate < 1)
    throw new UserError(`${name} is damaged: its header specifies ${channels} channels at ${sampleRate} Hz.`);
  const encoding = encodingOf(format, name);
  const blockBytes = channels * encoding.bytes;
  const samples = long
    ? longBytes(file, data, long, blockBytes)
    : announcedBytes(file, data.start, data.bytes, littleEndian);
  const { remarks } = samples;
  const length = Math.floor(samples.bytes / blockBytes);
  return { sampleRate, channels, length, dataStart: samples.start, encoding, littleEndian, remarks };
}

const malformed = (name: string, why: string) => new UserError(`${name} is a damaged or truncated WAV file: ${why}.`);

interface WavChunks {
  /** The start of the content of "fmt ", of at least `FORMAT_BYTES`. */
  format?: DataView;
  /** Where the content of "data" starts, and its length according to its own header. */
  data?: { readonly start: number; readonly bytes: number };
  /** The lengths in "ds64": of "data" in bytes, and in samples. */
  long?: { readonly bytes: number; readonly samples: number };
}

/** Walks the chunks until both are found. */
function findChunks(file: FileBytes, littleEndian: boolean): WavChunks {
  const found: WavChunks = {};
  for (let at = CONTAINER_BYTES; !(found.format && found.data);) {
    const chunk = chunkAt(file, at, littleEndian);
    if (!chunk) break;
    const { id, start, bytes } = chunk;
    const content = viewOf(file, start, Math.min(bytes, EXTENSIBLE_BYTES));
    if (id === "ds64" && content.byteLength >= 24)
      found.long ??= {
        bytes: Number(content.getBigUint64(8, littleEndian)),
        samples: Number(content.getBigUint64(16, littleEndian)),
      };
    if (id === "fmt " && content.byteLength >= FORMAT_BYTES) found.format ??= content;
    if (id === "data") found.data ??= { start, bytes };
    at = chunkEnd(start, id === "data" && found.long && isPlaceholder(bytes) ? found.long.bytes : bytes);
  }
  return found;
}

/**
 * The samples of a file with "ds64", whose length applies; that of "data" itself if the former is a placeholder or
 * beyond the end of the file.
 *
 * FFmpeg's own files with `-write_peak on` count the chunk of peaks behind "data" as part of it. So if the number of
 * samples is smaller, and chunks fill what is behind them, they end there.
 */
function longBytes(
  file: FileBytes,
  { start, bytes: own }: { readonly start: number; readonly bytes: number },
  { bytes, samples }: { readonly bytes: number; readonly samples: number },
  blockBytes: number,
): SampleBytes {
  const there = file.size - start;
  const ownApplies = !isPlaceholder(own) && own <= there && (isPlaceholder(bytes) || bytes > there);
  const announced = ownApplies || isPlaceholder(bytes) ? own : bytes;
  const counted = samples * blockBytes;
  if (
    counted > 0 &&
    counted < announced &&
    announced <= there &&
    bytesOutsideChunks(file, chunkEnd(start, counted), start + announced, true) === 0
  ) {
    const { remarks } = announcedBytes(file, start, counted, true);
    return { start, bytes: counted, remarks: [`its header counts chunks behind the samples as samples`, ...remarks] };
  }
  const found = announcedBytes(file, start, announced, true);
  const differ = !isPlaceholder(own) && !isPlaceholder(bytes) && own !== bytes;
  return differ
    ? {
        ...found,
        remarks: [`its header gives two lengths, ${bytes} and ${own} bytes; ${announced} are read`, ...found.remarks],
      }
    : found;
}

function readFormat(bytes: DataView, littleEndian: boolean): Format {
  const [stated = 0, channels = 0] = [0, 2].map((at) => bytes.getUint16(at, littleEndian));
  const [blockBytes = 0, bits = 0] = [12, 14].map((at) => bytes.getUint16(at, littleEndian));
  const extra = bytes.byteLength >= FORMAT_BYTES + 4 ? bytes.getUint16(FORMAT_BYTES + 2, littleEndian) : 0;
  const isExtensible = stated === EXTENSIBLE && bytes.byteLength >= EXTENSIBLE_BYTES;
  return {
    number: isExtensible ? namedEncoding(bytes, littleEndian) : stated,
    channels,
    sampleRate: bytes.getUint32(4, littleEndian),
    blockBytes,
    bits,
    validBits: isExtensible && extra > 0 ? extra : bits,
    isCoolEditFloat: stated === PCM && bits === 32 && extra === 1 && bytes.getUint16(FORMAT_BYTES, littleEndian) === 2,
  };
}

/** The encoding's number in an extensible file: the first of the 16 bytes that name it, if the others are known. */
function namedEncoding(bytes: DataView, littleEndian: boolean): number {
  const end = Buffer.from(bytes.buffer, bytes.byteOffset + 28, 12).toString("hex");
  return littleEndian && !GUID_ENDS.includes(end) ? EXTENSIBLE : bytes.getUint32(24, littleEndian);
}

/** @throws UserError if the encoding is unknown, or its numbers do not fit each other */
function encodingOf(format: Format, name: string): Encoding {
  const { number, channels, blockBytes, bits, validBits } = format;
  const smallest = Math.ceil(bits / 8);
  const bytes = blockBytes === 0 ? smallest : blockBytes / channels; // some programs leave 0
  const encoding = knownEncoding(format, bytes);
  if (encoding && validBits <= bits && (bytes === smallest || (bytes === 4 && smallest === 3))) return encoding;
  if (!knownEncoding({ ...format, validBits: bits }, smallest))
    throw new UserError(
      `${name} has an unknown encoding (format ${number}, ${bits} bits), expected PCM of up to 32 bits, float of 32 or 64, A-law or µ-law.`,
    );
  throw new UserError(
    `${name} contradicts itself: ${blockBytes} bytes are not ${channels} samples of ${bits} bits${validBits === bits ? "" : `, of which ${validBits} are valid`}.`,
  );
}

/** The encoding with samples of so many bytes; null if there is none. */
function knownEncoding({ number, bits, validBits, isCoolEditFloat }: Format, bytes: number): Encoding | null {
  if (isCoolEditFloat) return floats(bytes, 2 ** 15);
  if (number === PCM) return integers(bytes, validBits, true);
  if (number === FLOAT) return validBits === 8 * bytes ? floats(bytes) : null;
  if (number === A_LAW || number === MU_LAW)
    return bits === 8 && bytes === 1 ? (number === A_LAW ? aLaw : muLaw) : null;
  return null;
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
