import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { encodeWav } from "../../data/audio/wav.ts";
import { serialiseSafetensors } from "../../checkpoint/safetensors/safetensors.ts";
import { aiffFile } from "../data/audio/aiff_file.ts";
import { flacFile } from "../data/audio/flac_file.ts";
import { changedOgg } from "../data/audio/ogg_file.ts";
import { chunk, ds64, extensible, littleEndian, wavFile } from "../data/audio/wav_file.ts";
import { checkArpa, checkAudio, checkSafetensors, checkTokenizer, type Verdict } from "./check_file.ts";

/** A format to be fuzzed: good files, which are mutated, and how a file is read. */
export interface FuzzedFormat {
  readonly extension: string;
  readonly isText: boolean;
  sources(): Promise<Buffer[]>;
  check(path: string): Promise<Verdict>;
  /** Makes checksums right again, which every second mutant gets: else hardly any would reach a decoder. */
  readonly repair?: (bytes: Buffer) => Buffer;
}

const fixture = (name: string): Buffer => readFileSync(fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url)));

const values = Array.from({ length: 1500 }, (_, i) => Math.round(12000 * Math.sin(i / 7) + 3000 * Math.sin(i * i)));
const data = littleEndian(values, 2);
const wide = littleEndian(
  values.map((value) => value * 256),
  3,
);
const float = Buffer.from(Float32Array.from(values, (value) => value / 32768).buffer);

const audio = { isText: false, check: checkAudio };

export const FORMATS: Readonly<Record<string, FuzzedFormat>> = {
  wav: {
    ...audio,
    extension: "wav",
    sources: async () => [
      Buffer.from(
        encodeWav(
          Float32Array.from(values, (value) => value / 32768),
          16000,
        ),
      ),
      wavFile(data, { channels: 2, behind: [chunk("LIST", Buffer.alloc(31, "x"))] }),
      wavFile(wide, { bits: 24, tag: 0xfffe, more: extensible(24, 1) }),
      wavFile(float, { bits: 32, tag: 3, before: [chunk("JUNK", Buffer.alloc(28))] }),
      wavFile(data.subarray(0, 1500), { bits: 8, tag: 6, dataBytes: 0xffffffff }),
    ],
  },
  rf64: {
    ...audio,
    extension: "wav",
    sources: async () =>
      (["RF64", "BW64"] as const).map((container) =>
        wavFile(data, {
          container,
          dataBytes: 0xffffffff,
          before: [ds64(BigInt(data.length), BigInt(values.length), BigInt(data.length + 64))],
          behind: [chunk("iXML", Buffer.alloc(301, "<x>"))],
        }),
      ),
  },
  aiff: {
    ...audio,
    extension: "aiff",
    sources: async () => [
      aiffFile(Buffer.from(data).swap16(), { frames: 1500 }),
      aiffFile(data, {
        frames: 1500,
        letters: "sowt",
        behind: [chunk("NAME", Buffer.alloc(31, "x"), { littleEndian: false })],
      }),
      aiffFile(Buffer.from(float).swap32(), { frames: 1500, letters: "fl32", bits: 32 }),
    ],
  },
  flac: {
    ...audio,
    extension: "flac",
    sources: async () => [
      Buffer.from(await flacFile(Int32Array.from(values), { rate: 16000 })),
      Buffer.from(await flacFile(Int32Array.from(values), { rate: 8000, channels: 2 })),
      Buffer.from(
        await flacFile(
          Int32Array.from(values, (value) => value * 256),
          { rate: 16000, bits: 24 },
        ),
      ),
    ],
  },
  mp3: {
    ...audio,
    extension: "mp3",
    sources: async () => ["tone.mp3", "tone_id3.mp3", "tone_44k.mp3"].map((name) => fixture(`audio/${name}`)),
  },
  vorbis: {
    ...audio,
    extension: "ogg",
    sources: async () => [fixture("audio/tone_vorbis.ogg")],
    repair: (bytes) => changedOgg(bytes, () => undefined),
  },
  opus: {
    ...audio,
    extension: "opus",
    sources: async () => [fixture("audio/tone_opus.ogg")],
    repair: (bytes) => changedOgg(bytes, () => undefined),
  },
  safetensors: {
    isText: false,
    extension: "safetensors",
    check: checkSafetensors,
    sources: async () => [
      Buffer.from(
        serialiseSafetensors(
          {
            a: { dtype: "F32", shape: [2, 3], values: Float32Array.of(1, 2, 3, 4, 5, 6) },
            b: { dtype: "U8", shape: [5], values: Uint8Array.of(1, 2, 3, 4, 5) },
          },
          { format: "pt", note: "x" },
        ),
      ),
    ],
  },
  arpa: {
    isText: true,
    extension: "arpa",
    check: checkArpa,
    sources: async () => [fixture("language_model/words.arpa")],
  },
  tokenizer: {
    isText: true,
    extension: "json",
    check: checkTokenizer,
    sources: async () =>
      readdirSync(fileURLToPath(new URL("../fixtures/tokenizers", import.meta.url)))
        .filter((name) => /^(bpe|unigram)\.json$/u.test(name))
        .map((name) => fixture(`tokenizers/${name}`)),
  },
};
