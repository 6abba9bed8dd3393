import { writeFile } from "node:fs/promises";
import wavefile from "wavefile";
import { UserError } from "../../engine/errors.ts";
import type { DecodedAudio } from "./decoded_audio.ts";

/** A parsed file, with the parts that the library's own types leave open. */
type ParsedWav = Omit<wavefile.WaveFile, "fmt" | "data"> & {
  readonly fmt: { audioFormat: number; numChannels: number; sampleRate: number; subformat: number[] };
  readonly data: { chunkSize: number; samples: Uint8Array };
};

/** Format numbers of the "fmt " chunk. */
const encodings: Record<number, string> = { 1: "PCM", 3: "float", 6: "A-law", 7: "µ-law" };
const EXTENSIBLE = 0xfffe;

/** What a program writes as the length when it does not know it yet, as to a pipe. */
const UNKNOWN_LENGTH = 0xffffffff;

/** Integer samples are divided by half their range; 8-bit ones are unsigned, around 128. */
const integerScales: Record<string, { zero: number; half: number }> = {
  "8": { zero: 128, half: 2 ** 7 },
  "16": { zero: 0, half: 2 ** 15 },
  "24": { zero: 0, half: 2 ** 23 },
  "32": { zero: 0, half: 2 ** 31 },
};

export function isWav(bytes: Uint8Array): boolean {
  return ["RIFF", "RIFX", "RF64"].includes(Buffer.from(bytes.subarray(0, 4)).toString("latin1"));
}

/**
 * Decodes a WAV file: PCM of 8, 16, 24 or 32 bits, 32 or 64-bit float, A-law, µ-law; also as "extensible".
 *
 * @param name how messages call the file
 * @throws UserError if it is damaged, cut short or of another encoding
 */
export function decodeWav(bytes: Uint8Array, name: string): DecodedAudio {
  let wav = parse(bytes, name);
  const { fmt, data } = wav;
  if (data.chunkSize > data.samples.length && data.chunkSize !== UNKNOWN_LENGTH) {
    throw new UserError(
      `${name} is cut short: its header announces ${data.chunkSize} bytes of samples, ${data.samples.length} are there.`,
    );
  }
  if (fmt.numChannels < 1 || fmt.sampleRate < 1) {
    throw new UserError(`${name} is damaged: its header says ${fmt.numChannels} channels at ${fmt.sampleRate} Hz.`);
  }
  if (fmt.audioFormat === EXTENSIBLE) {
    // The library takes every extensible file for integers, so it reads the file again with the real format up front.
    fmt.audioFormat = fmt.subformat[0] ?? 0;
    wav = parse(wav.toBuffer(), name);
  }
  const encoding = encodings[wav.fmt.audioFormat];
  if (encoding === "A-law") wav.fromALaw();
  if (encoding === "µ-law") wav.fromMuLaw();
  const scale = encoding === "float" ? { zero: 0, half: 1 } : integerScales[wav.bitDepth];
  if (!encoding || !scale) {
    throw new UserError(
      `${name} has an unknown encoding (format ${fmt.audioFormat}, ${wav.bitDepth} bits), expected ${Object.values(encodings).join(", ")}.`,
    );
  }
  return { channels: split(interleavedSamples(wav), wav.fmt.numChannels, scale), sampleRate: wav.fmt.sampleRate };
}

/**
 * Mono samples in [-1, 1) as a file of 16-bit PCM: value · 32768, rounded and clipped, so that reading it back gives
 * multiples of 1 / 32768 exactly.
 *
 * @param sampleRate in Hz
 */
export function encodeWav(samples: Float32Array, sampleRate: number): Uint8Array {
  const values = Int16Array.from(samples, (sample) => Math.max(-32768, Math.min(32767, Math.round(sample * 32768))));
  const wav = new wavefile.WaveFile();
  wav.fromScratch(1, sampleRate, "16", values);
  return wav.toBuffer();
}

/** Writes what `encodeWav` gives. */
export async function writeWav(path: string, samples: Float32Array, sampleRate: number): Promise<void> {
  await writeFile(path, encodeWav(samples, sampleRate));
}

function parse(bytes: Uint8Array, name: string): ParsedWav {
  try {
    return new wavefile.WaveFile(bytes) as unknown as ParsedWav;
  } catch (error) {
    throw new UserError(`${name} is a damaged or cut short WAV file: ${(error as Error).message}.`);
  }
}

/** Most corpora are 16-bit: their bytes are the samples already, which saves the library's value-by-value unpacking. */
function interleavedSamples(wav: ParsedWav): ArrayLike<number> {
  if (wav.bitDepth !== "16" || wav.container === "RIFX") return wav.getSamples(true);
  const bytes = new Uint8Array(wav.data.samples); // a copy, which starts at an even address
  return new Int16Array(bytes.buffer, 0, bytes.length >> 1);
}

function split(
  interleaved: ArrayLike<number>,
  count: number,
  { zero, half }: { zero: number; half: number },
): Float32Array[] {
  const length = Math.floor(interleaved.length / count);
  return Array.from({ length: count }, (_, channel) => {
    const values = new Float32Array(length);
    for (let i = 0; i < length; i++) values[i] = ((interleaved[i * count + channel] as number) - zero) / half;
    return values;
  });
}
