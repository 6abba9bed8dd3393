import { execFileSync } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import wavefile from "wavefile";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { UserError } from "../../../engine/errors.ts";
import { readAudio } from "../../../data/audio/audio.ts";
import { Resampler } from "../../../data/audio/resample.ts";
import { writeWav } from "../../../data/audio/wav.ts";
import { flacFile } from "./flac_file.ts";

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), "unfold-audio-"))));
afterAll(() => rm(folder, { recursive: true }));

async function put(name: string, bytes: Uint8Array): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, bytes);
  return path;
}

function wavBytes(samples: number[] | number[][], depth: string, channels = 1, rate = 16000, options = {}): Uint8Array {
  const wav = new wavefile.WaveFile();
  wav.fromScratch(channels, rate, depth, samples, options);
  return wav.toBuffer();
}

const read = async (name: string, bytes: Uint8Array, rate = 16000) => readAudio(await put(name, bytes), rate);

/** All that can go wrong in 16 bits: the limits, and bytes 0 and 255 in every neighbourhood. */
const awkward = Array.from({ length: 20000 }, (_, i) => {
  const low = [0, 255, 1, 127, 128, (i * 37) % 256][(i * 7) % 6] as number;
  const high = [0, -1, 1, 127, -128, ((i * 53) % 256) - 128][Math.floor((i * i) / 6) % 6] as number;
  return high * 256 + low;
});

function expectSame(got: Float32Array, expected: Float32Array): void {
  expect(got.length).toBe(expected.length);
  const first = got.findIndex((value, i) => value !== expected[i]);
  expect({ first, got: got[first], expected: expected[first] }).toEqual({ first: -1 });
}

const sine = (count: number, rate: number, hertz: number) =>
  Float32Array.from({ length: count }, (_, i) => 0.5 * Math.sin((2 * Math.PI * hertz * i) / rate));

describe("WAV", () => {
  test("16-bit values come out as value / 32768 exactly", async () => {
    const { samples, sampleRate, originalRate } = await read("exact.wav", wavBytes(awkward, "16"));
    expectSame(
      samples,
      Float32Array.from(awkward, (value) => value / 32768),
    );
    expect([sampleRate, originalRate]).toEqual([16000, 16000]);
  });

  const encodings: [string, number[], number[]][] = [
    ["8", [0, 128, 192, 255], [-1, 0, 0.5, 127 / 128]],
    ["24", [-(2 ** 23), 0, 2 ** 22, 2 ** 23 - 1], [-1, 0, 0.5, 1 - 2 ** -23]],
    ["32", [-(2 ** 31), 0, 2 ** 30, 256], [-1, 0, 0.5, 2 ** -23]],
    ["32f", [-1, 0, 0.5, 0.1], [-1, 0, 0.5, Math.fround(0.1)]],
    ["64", [-1, 0, 0.5, 0.1], [-1, 0, 0.5, Math.fround(0.1)]],
  ];
  test.each(encodings)("%s bits", async (depth, values, expected) => {
    expect([...(await read(`${depth}.wav`, wavBytes(values, depth))).samples]).toEqual(expected);
  });

  test("big-endian", async () => {
    const { samples } = await read("rifx.wav", wavBytes([256, -2], "16", 1, 16000, { container: "RIFX" }));
    expect([...samples]).toEqual([256 / 32768, -2 / 32768]);
  });

  test("extensible: float and integers of 24 bits", async () => {
    const float = extensible(wavBytes([0.25, -0.5], "32f"), 3);
    expect([...(await read("float_ext.wav", float)).samples]).toEqual([0.25, -0.5]);
    const integer = extensible(wavBytes([2 ** 21, -(2 ** 22)], "24"), 1);
    expect([...(await read("int_ext.wav", integer)).samples]).toEqual([0.25, -0.5]);
  });

  test("A-law and µ-law", async () => {
    for (const law of ["toALaw", "toMuLaw"] as const) {
      const wav = new wavefile.WaveFile(wavBytes([0, 8000, -16000], "16"));
      wav[law]();
      const { samples } = await read(`${law}.wav`, wav.toBuffer());
      for (const [i, value] of [0, 8000, -16000].entries()) {
        expect(Math.abs((samples[i] as number) * 32768 - value)).toBeLessThan(520);
      }
    }
  });

  test("stereo is averaged", async () => {
    const stereo = wavBytes(
      [
        [1000, -3000, 7],
        [3000, -3000, 8],
      ],
      "16",
      2,
    );
    expect([...(await read("stereo.wav", stereo)).samples]).toEqual([2000 / 32768, -3000 / 32768, 7.5 / 32768]);
  });

  test("a length unknown to the writer, as in a pipe", async () => {
    const bytes = wavBytes([1, 2, 3], "16");
    new DataView(bytes.buffer).setUint32(40, 0xffffffff, true);
    expect((await read("pipe.wav", bytes)).samples.length).toBe(3);
  });

  test("writing: rounded, clipped, read back exactly", async () => {
    const path = join(folder, "written.wav");
    await writeWav(path, Float32Array.of(0.5, -1, 1, 2, 1.4 / 32768, -1.6 / 32768), 8000);
    const { samples, originalRate } = await readAudio(path, 8000);
    expect([...samples].map((x) => x * 32768)).toEqual([16384, -32768, 32767, 32767, 1, -2]);
    expect(originalRate).toBe(8000);
  });
});

describe("FLAC", () => {
  test("16 bits, exactly", async () => {
    const { samples, originalRate } = await read(
      "exact.flac",
      await flacFile(Int32Array.from(awkward), { rate: 16000 }),
    );
    expectSame(
      samples,
      Float32Array.from(awkward, (value) => value / 32768),
    );
    expect(originalRate).toBe(16000);
  });

  test("24 bits, exactly", async () => {
    const values = Int32Array.from(awkward, (value, i) => value * 256 + (i % 3 === 0 ? 0 : i % 256));
    const { samples } = await read("24.flac", await flacFile(values, { rate: 16000, bits: 24 }));
    expectSame(
      samples,
      Float32Array.from(values, (value) => value / 2 ** 23),
    );
  });

  test("stereo is averaged", async () => {
    const values = Int32Array.from({ length: 12000 }, (_, i) => (i % 2 === 0 ? i : -2 * i));
    const { samples } = await read("stereo.flac", await flacFile(values, { rate: 16000, channels: 2 }));
    expectSame(
      samples,
      Float32Array.from({ length: 6000 }, (_, i) => (2 * i - 2 * (2 * i + 1)) / 2 / 32768),
    );
  });
});

describe("what surrounds the samples of a FLAC file", async () => {
  const values = awkward.slice(0, 9000);
  const flac = await flacFile(Int32Array.from(values), { rate: 16000 });
  const expected = Float32Array.from(values, (value) => value / 32768);
  /** With another number of samples in its header, and no MD5 sum, as encoders that write to a pipe leave it. */
  const counted = (samples: number) => {
    const bytes = Buffer.from(flac).fill(0, 26, 42);
    bytes.writeUInt32BE(samples, 22);
    return bytes;
  };

  test("a length that is not known", async () => {
    expect(await read("unknown.flac", counted(0))).toMatchObject({ samples: expected, remarks: [] });
  });

  test("tags at both ends", async () => {
    const id3v2 = Buffer.from([...Buffer.from("ID3"), 4, 0, 0, 0, 0, 0, 10, ...Buffer.alloc(10, 0xff)]);
    const tagged = Buffer.concat([id3v2, flac, Buffer.from("TAG".padEnd(128))]);
    expect(await read("tags.flac", tagged)).toMatchObject({ samples: expected, remarks: [] });
  });

  test("other bytes behind them, with a remark", async () => {
    const followed = Buffer.concat([flac, Buffer.alloc(3000, 0x5a)]);
    expect(await read("followed.flac", followed)).toMatchObject({
      samples: expected,
      remarks: ["bytes behind its last frame are left out"],
    });
  });

  test("more or fewer samples than the header announces: refused", async () => {
    await expect(read("more.flac", counted(5000))).rejects.toThrow(
      /more\.flac is a damaged FLAC file: its header announces 5000 samples, but there are 9000\.$/,
    );
    await expect(read("fewer.flac", counted(9001))).rejects.toThrow(
      /fewer\.flac is truncated or damaged: its header announces 9001 samples, but only 9000 could be read\.$/,
    );
  });
});

describe("resampling", () => {
  test.each([
    [8000, 16000],
    [44100, 16000],
    [48000, 16000],
    [16000, 8000],
    [192000, 8000],
  ])("%i to %i Hz keeps a sine in phase", async (from, to) => {
    const got = await new Resampler().resample(sine(from * 8, from, 440), from, to);
    const expected = sine(to * 8, to, 440);
    expect(got.length).toBe(expected.length);
    // The ends feel that the signal stops; the seams between blocks, at 192 kHz every 3 s, must not.
    let worst = 0;
    for (let i = to / 10; i < got.length - to / 10; i++)
      worst = Math.max(worst, Math.abs((got[i] as number) - (expected[i] as number)));
    expect(worst).toBeLessThan(1e-4);
  });

  test("what the new rate cannot hold is gone", async () => {
    const got = await new Resampler().resample(sine(16000, 16000, 5500), 16000, 8000);
    expect(Math.max(...got.subarray(400, 7600).map(Math.abs))).toBeLessThan(1e-3);
  });

  test("readAudio converts to the wanted rate", async () => {
    const { samples, sampleRate, originalRate } = await read(
      "8k.wav",
      wavBytes([...sine(1001, 8000, 440)], "32f", 1, 8000),
    );
    expect([samples.length, sampleRate, originalRate]).toEqual([2002, 16000, 8000]);
  });
});

describe("a piece of a file", () => {
  const ramp = Array.from({ length: 8000 }, (_, i) => i);
  const readPiece = async (offset: number, duration: number | null, rate = 8000) =>
    readAudio(await put("ramp.wav", wavBytes(ramp, "16", 1, 8000)), rate, { offset, duration });

  test("has the samples from its offset on, so many as its duration says, or to the end", async () => {
    expect([...(await readPiece(0.25, 0.0005)).samples].map((x) => x * 32768)).toEqual([2000, 2001, 2002, 2003]);
    expect((await readPiece(0, 0.5)).samples.length).toBe(4000);
    expect((await readPiece(0.75, null)).samples[0]).toBe(6000 / 32768);
    expect((await readPiece(0.75, null)).samples.length).toBe(2000);
  });

  test("is of the file as it is now", async () => {
    const path = await put("changing.wav", wavBytes(ramp, "16", 1, 8000));
    const first = async () => (await readAudio(path, 8000, { offset: 0.5, duration: 0.1 })).samples[0];
    expect(await first()).toBe(4000 / 32768);
    await put(
      "changing.wav",
      wavBytes(
        [...ramp, 0].map((x) => -x),
        "16",
        1,
        8000,
      ),
    );
    expect(await first()).toBe(-4000 / 32768);
  });

  test("is cut before resampling", async () => {
    expect((await readPiece(0.25, 0.5, 16000)).samples.length).toBe(8000);
  });

  test("may end a rounding late, but not start after the end or end far after it", async () => {
    expect((await readPiece(0.5, 0.505)).samples.length).toBe(4000);
    expect((await readPiece(0.5, 1)).samples.length).toBe(4000);
    await expect(readPiece(0.5, 1.25)).rejects.toThrow(
      /ramp\.wav is 1 s long, but the piece goes from 0\.5 s to 1\.75 s\.$/,
    );
    await expect(readPiece(1, null)).rejects.toThrow(/ramp\.wav is 1 s long, but the piece starts at 1 s\.$/);
    await expect(readPiece(0.5, 0.00001)).rejects.toThrow(/contains no samples/);
  });
});

describe("bad files give one sentence with their name", async () => {
  const wav = wavBytes(awkward, "16");
  const flac = await flacFile(Int32Array.from(awkward), { rate: 16000 });
  const damaged = Uint8Array.from(flac);
  damaged.fill(0x55, flac.length >> 1, (flac.length >> 1) + 40);
  const wrongSum = Uint8Array.from(flac);
  wrongSum[26] = (wrongSum[26] as number) ^ 1; // the first byte of the header's MD5 sum
  const mp3InWav = wavBytes(awkward, "16");
  new DataView(mp3InWav.buffer).setUint16(20, 0x55, true);
  const noChannels = wavBytes(awkward, "16");
  new DataView(noChannels.buffer).setUint16(22, 0, true);

  const cases: Record<string, [bytes: Uint8Array, message: RegExp]> = {
    "empty.wav": [new Uint8Array(), /is empty: it has 0 bytes/],
    "header.wav": [wav.subarray(0, 30), /damaged or truncated WAV/],
    "magic.wav": [wav.subarray(0, 4), /damaged or truncated WAV/],
    "half.wav": [
      wav.subarray(0, wav.length >> 1),
      /is truncated: its header announces 40000 bytes of samples, but there are only 19978/,
    ],
    "headeronly.wav": [wav.subarray(0, 44), /is truncated/],
    "silent.wav": [wavBytes([], "16"), /contains no audio/],
    "mp3.wav": [mp3InWav, /unknown encoding \(format 85, 16 bits\)/],
    "nochannels.wav": [noChannels, /damaged/],
    "adpcm.wav": [wavBytes(new Array<number>(505).fill(0), "4"), /unknown encoding \(format 17, 4 bits\)/],
    "nan.wav": [wavBytes([0, NaN], "32f"), /not finite/],
    "rate.wav": [wavBytes([0, 1], "16", 1, 400000), /has a sample rate of 400000 Hz/],
    "text.wav": [
      new TextEncoder().encode("a b c d e f"),
      /is not a supported audio file: expected WAV, AIFF, FLAC, MP3/,
    ],
    "magic.flac": [flac.subarray(0, 4), /no stream header/],
    "header.flac": [
      flac.subarray(0, 60),
      /truncated or damaged: its header announces 20000 samples, but only 0 could be read/,
    ],
    "half.flac": [flac.subarray(0, flac.length >> 1), /truncated or damaged/],
    "damaged.flac": [damaged, /damaged/],
    "sum.flac": [wrongSum, /checksum/],
    "twice.flac": [Buffer.concat([flac, flac]), /contains several FLAC streams, expected one/],
    "32bit.flac": [
      Uint8Array.from(flac, (byte, i) => (i === 20 ? byte | 1 : i === 21 ? byte | 0xf0 : byte)),
      /of 32 bits, expected 16 or 24/,
    ],
    "8bit.flac": [
      await flacFile(
        Int32Array.from(awkward, (value) => value >> 8),
        { rate: 16000, bits: 8 },
      ),
      /of 8 bits, expected 16 or 24/,
    ],
  };
  test.each(Object.entries(cases))("%s", async (name, [bytes, message]) => {
    const path = await put(`bad_${name}`, bytes);
    const error = await readAudio(path, 16000).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(UserError);
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message.startsWith(path)).toBe(true);
    expect((error as Error).message).toMatch(/^[^\n]*\.$/);
  });

  test.skipIf(process.platform === "win32").each(["", " that somebody writes to"])("a pipe%s", async (writer) => {
    const path = join(folder, `pipe${writer}`);
    execFileSync("mkfifo", [path]);
    const held = writer ? openSync(path, "r+") : undefined;
    await expect(readAudio(path, 16000)).rejects.toThrow(/pipe.* is a pipe or a device, expected a file/);
    await expect(readAudio(path, 16000, { offset: 0, duration: 1 })).rejects.toThrow(/is a pipe or a device/);
    if (held !== undefined) closeSync(held);
  });

  test("missing, a folder", async () => {
    await expect(readAudio(join(folder, "nothing.wav"), 16000)).rejects.toThrow(/nothing\.wav does not exist\.$/);
    await expect(readAudio(folder, 16000)).rejects.toThrow(/is a folder/);
  });
});

/** The same file with a "fmt " chunk of type extensible, whose sub-format is `format` (1 integer, 3 float). */
function extensible(bytes: Uint8Array, format: number): Uint8Array {
  const wav = new wavefile.WaveFile(bytes);
  const fmt = wav.fmt as Record<string, unknown>;
  Object.assign(fmt, {
    chunkSize: 40,
    audioFormat: 0xfffe,
    cbSize: 22,
    validBitsPerSample: fmt.bitsPerSample,
    dwChannelMask: 4,
  });
  fmt.subformat = [format, 0x00100000, 0xaa000080, 0x719b3800];
  return wav.toBuffer();
}
