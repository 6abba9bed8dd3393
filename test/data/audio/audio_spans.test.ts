import { mkdtemp, open, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import wavefile from "wavefile";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { UserError } from "../../../engine/errors.ts";
import { uniform } from "../../../engine/random.ts";
import { AudioReader, knownLength, readAudio, readRecording } from "../../../data/audio/audio.ts";
import { openPcm, openRecording } from "../../../data/audio/open_recording.ts";
import { PcmRecording } from "../../../data/audio/pcm_recording.ts";
import { encodeWav } from "../../../data/audio/wav.ts";
import { flacFile } from "./flac_file.ts";

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), "unfold-spans-"))));
afterAll(() => rm(folder, { recursive: true }));

async function put(name: string, bytes: Uint8Array): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, bytes);
  return path;
}

const RATE = 8000;
const noise = Array.from({ length: 4000 }, (_, i) => Math.round(60000 * uniform(3, i, 0) - 30000));

function wavBytes(samples: number[] | number[][], depth: string, channels = 1, options = {}): Uint8Array {
  const wav = new wavefile.WaveFile();
  wav.fromScratch(channels, RATE, depth, samples, options);
  return wav.toBuffer();
}

/** The same file with other chunks, of odd length too, before and after "fmt ". */
function withChunks(bytes: Uint8Array): Buffer {
  const wav = Buffer.from(bytes);
  const list = Buffer.from("LIST\x05\0\0\0abcde\0", "latin1");
  const whole = Buffer.concat([wav.subarray(0, 12), list, wav.subarray(12, 36), list, wav.subarray(36), list]);
  whole.writeUInt32LE(whole.length - 8, 4);
  return whole;
}

function law(name: "toALaw" | "toMuLaw"): Uint8Array {
  const wav = new wavefile.WaveFile(wavBytes(noise, "16"));
  wav[name]();
  return wav.toBuffer();
}

/** The same file with "data" before "fmt ". */
function dataFirst(bytes: Uint8Array): Buffer {
  const wav = Buffer.from(bytes);
  return Buffer.concat([wav.subarray(0, 12), wav.subarray(36), wav.subarray(12, 36)]);
}

/** RF64, whose "data" has no length; "ds64" has it. */
function rf64(bytes: Uint8Array): Buffer {
  const wav = Buffer.from(bytes);
  const ds64 = Buffer.alloc(36);
  ds64.write("ds64", 0, "latin1");
  ds64.writeUInt32LE(28, 4);
  ds64.writeBigUInt64LE(BigInt(wav.length + 28), 8);
  ds64.writeBigUInt64LE(BigInt(wav.readUInt32LE(40)), 16);
  const whole = Buffer.concat([wav.subarray(0, 12), ds64, wav.subarray(12)]);
  whole.write("RF64", 0, "latin1");
  whole.writeUInt32LE(0xffffffff, 4);
  whole.writeUInt32LE(0xffffffff, 36 + 40);
  return whole;
}

function pipe(bytes: Uint8Array): Uint8Array {
  new DataView(bytes.buffer).setUint32(40, 0xffffffff, true);
  return bytes;
}

const floats = noise.map((value) => value / 32768);
const files: Record<string, () => Uint8Array> = {
  "16 bits": () => wavBytes(noise, "16"),
  "8 bits": () =>
    wavBytes(
      noise.map((value) => (value >> 8) + 128),
      "8",
    ),
  "24 bits": () =>
    wavBytes(
      noise.map((value) => value * 200),
      "24",
    ),
  "32 bits": () =>
    wavBytes(
      noise.map((value) => value * 60000),
      "32",
    ),
  float: () => wavBytes(floats, "32f"),
  "64-bit float": () => wavBytes(floats, "64"),
  stereo: () => wavBytes([noise, noise.toReversed()], "16", 2),
  "big-endian": () => wavBytes(noise, "16", 1, { container: "RIFX" }),
  "big-endian, 24 bits": () =>
    wavBytes(
      noise.map((value) => value * 200),
      "24",
      1,
      { container: "RIFX" },
    ),
  "big-endian float": () => wavBytes(floats, "32f", 1, { container: "RIFX" }),
  "samples before their format": () => dataFirst(wavBytes(noise, "16")),
  "A-law": () => law("toALaw"),
  "µ-law": () => law("toMuLaw"),
  "other chunks": () => withChunks(wavBytes(noise, "16")),
  "a length unknown to the writer": () => pipe(wavBytes(noise, "16")),
};

describe("a part of a WAV file is what the whole file has there", () => {
  test.each(Object.entries(files))("%s", async (name, bytes) => {
    const path = await put(`${name}.wav`, bytes());
    const whole = await readRecording(path);
    expect(whole.samples.length).toBe(4000);
    const recording = await openRecording(path);
    expect([await recording.length(), recording.sampleRate, recording.channels]).toEqual([4000, RATE, whole.channels]);
    for (const [from, to] of [
      [0, 4000],
      [0, 1],
      [3999, 4000],
      [1233, 3456],
    ] as const)
      expect(await recording.read(from, to)).toEqual(whole.samples.slice(from, to));
    expect((await readAudio(path, RATE, { offset: 0.125, duration: 0.25 })).samples).toEqual(
      whole.samples.slice(1000, 3000),
    );
    expect(recording).toBeInstanceOf(PcmRecording); // so it was read in parts
  });

  test("RF64, for files of more than 4 GiB", async () => {
    const path = await put("rf64.wav", rf64(wavBytes(noise, "16")));
    expect((await readAudio(path, RATE)).samples).toEqual(Float32Array.from(floats));
    expect((await readAudio(path, RATE, { offset: 0.25, duration: 0.1 })).samples).toEqual(
      Float32Array.from(floats.slice(2000, 2800)),
    );
  });

  test("of any length: more than is decoded at once", async () => {
    const long = Array.from({ length: 150_000 }, (_, i) => ((i * 7919) % 65536) - 32768);
    const path = await put("blocks.wav", wavBytes([long, long.map((value) => -1 - value)], "16", 2));
    const { samples } = await readRecording(path);
    expect([samples.length, samples.every((value) => value === -0.5 / 32768)]).toEqual([150_000, true]);
  });

  test("RF64 that is cut short", async () => {
    const path = await put("rf64_short.wav", rf64(wavBytes(noise, "16")).subarray(0, 1080));
    await expect(readAudio(path, RATE)).rejects.toThrow(
      /rf64_short\.wav is truncated: its header announces 8000 bytes of samples, but there are only 1000\.$/,
    );
  });

  test("and its other bytes are not read", async () => {
    const path = await put("damaged.wav", wavBytes(floats, "32f"));
    const { dataStart } = openPcm(path)!.layout;
    const file = await open(path, "r+");
    await file.write(Buffer.from([0, 0, 0xc0, 0x7f]), 0, 4, dataStart + 4 * 3000).finally(() => file.close()); // not a number
    await expect(readAudio(path, RATE)).rejects.toThrow(/damaged\.wav contains samples that are not finite numbers\.$/);
    expect((await readAudio(path, RATE, { offset: 0, duration: 0.25 })).samples).toEqual(
      Float32Array.from(floats.slice(0, 2000)),
    );
    await expect(readAudio(path, RATE, { offset: 0.25, duration: null })).rejects.toThrow(
      /damaged\.wav contains samples that are not finite numbers\.$/,
    );
  });
});

describe("a span at another rate", () => {
  const reader = new AudioReader();
  afterAll(() => reader.close());
  const longNoise = Float32Array.from(
    { length: 12 * RATE + 123 },
    (_, i) => Math.round(30000 * uniform(4, i, 0)) / 32768,
  );

  test.each([16000, 11025, 4000])("8 kHz to %i Hz agrees with the whole file's, in WAV and FLAC", async (rate) => {
    const wav = await put("long.wav", encodeWav(longNoise, RATE));
    const flac = await put(
      "long.flac",
      await flacFile(
        Int32Array.from(longNoise, (value) => value * 32768),
        { rate: RATE },
      ),
    );
    const { samples } = await readAudio(wav, rate);
    expect(knownLength(wav, rate)).toBe(samples.length);
    for (const [from, to] of [
      [0, 700],
      [3 * rate + 17, 5 * rate - 3],
      [9 * rate + 1, samples.length],
      [0, samples.length],
    ] as const) {
      const span = await reader.readSpan(wav, rate, { from, to });
      expect(span).toMatchObject({ sampleRate: rate, originalRate: RATE });
      expect(span.samples.length).toBe(to - from);
      const worst = span.samples.reduce(
        (most, value, i) => Math.max(most, Math.abs(value - (samples[from + i] as number))),
        0,
      );
      expect(worst).toBeLessThan(1e-6); // of values up to 1
      expect((await reader.readSpan(flac, rate, { from, to })).samples).toEqual(span.samples);
    }
  });

  test("beyond the recording is an error of the program", async () => {
    const path = await put("short.wav", encodeWav(longNoise.subarray(0, 100), RATE));
    await expect(reader.readSpan(path, 16000, { from: 100, to: 201 })).rejects.toThrow(
      new RangeError(`readSpan: [100, 201) reaches beyond the end of ${path}`),
    );
    expect((await reader.readSpan(path, 16000, { from: 100, to: 200 })).samples.length).toBe(100);
  });
});

describe("the length that a header says", () => {
  test("is not taken from what is no sound WAV file", async () => {
    const wav = wavBytes(noise, "16");
    const odd = {
      "half.wav": wav.subarray(0, wav.length >> 1),
      "headeronly.wav": wav.subarray(0, 44),
      "silent.wav": wavBytes([], "16"),
      "adpcm.wav": wavBytes(new Array<number>(505).fill(0), "4"),
      "empty.wav": new Uint8Array(),
      "text.wav": new TextEncoder().encode("RIFF of something else"),
      "a.flac": await flacFile(Int32Array.from(noise), { rate: RATE }),
    };
    for (const [name, bytes] of Object.entries(odd))
      expect([name, knownLength(await put(name, bytes), RATE)]).toEqual([name, null]);
    expect([knownLength(join(folder, "nothing.wav"), RATE), knownLength(folder, RATE)]).toEqual([null, null]);
  });

  test("and a file that has become shorter since is named", async () => {
    const path = await put("shrinking.wav", wavBytes(noise, "16"));
    const recording = await openRecording(path);
    await truncate(path, 2000);
    expect((await recording.read(0, 900)).length).toBe(900);
    const reading = recording.read(900, 1000);
    await expect(reading).rejects.toThrow(UserError);
    await expect(reading).rejects.toThrow(/shrinking\.wav was truncated while being read\.$/);
  });
});
