import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { UserError } from "../../../engine/errors.ts";
import { aiffFile, type AiffFields } from "./aiff_file.ts";
import { chunk } from "./wav_file.ts";
import { readInPieces } from "./read_in_pieces.ts";

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), "unfold-aiff-"))));
afterAll(() => rm(folder, { recursive: true }));

const values = Array.from({ length: 600 }, (_, i) => ((i * 7919) % 60000) - 30000);
const expected = Float32Array.from(values, (value) => value / 32768);
const ints = (bytes: number, shift = 0, little = false) => {
  const data = Buffer.alloc(values.length * bytes);
  for (const [i, value] of values.entries()) {
    if (little) data.writeIntLE(value * 2 ** shift, i * bytes, bytes);
    else data.writeIntBE(value * 2 ** shift, i * bytes, bytes);
  }
  return data;
};
const data = ints(2);

type Fields = Partial<AiffFields>;
const aiff = (sound: Uint8Array, fields: Fields = {}): Buffer =>
  aiffFile(sound, { frames: values.length / (fields.channels ?? 1), ...fields });

const HALF_HERTZ_MORE = "400bfa04000000000000";

const read = (bytes: Uint8Array) => readInPieces(join(folder, "in.aiff"), bytes);

const swapped = (bytes: Uint8Array, size: number) => {
  const big = Buffer.from(bytes);
  return size === 4 ? big.swap32() : big.swap64();
};
const floats = swapped(new Uint8Array(expected.buffer), 4);
const doubles = swapped(new Uint8Array(Float64Array.from(expected).buffer), 8);

describe("AIFF and AIFC without compression", () => {
  const cases: Record<string, [sound: Uint8Array, fields?: Fields]> = {
    "16 bits": [data],
    "24 bits": [ints(3, 8), { bits: 24 }],
    "32 bits": [ints(4, 16), { bits: 32 }],
    "20 bits, in the upper bits of 3 bytes": [ints(3, 8), { bits: 20 }],
    NONE: [data, { letters: "NONE" }],
    twos: [data, { letters: "twos" }],
    "sowt, little-endian": [ints(2, 0, true), { letters: "sowt" }],
    in24: [ints(3, 8), { letters: "in24", bits: 16 }],
    "42ni, little-endian": [ints(3, 8, true), { letters: "42ni", bits: 24 }],
    in32: [ints(4, 16), { letters: "in32", bits: 32 }],
    "23ni, little-endian": [ints(4, 16, true), { letters: "23ni", bits: 32 }],
    fl32: [floats, { letters: "fl32", bits: 32 }],
    "FL32, as some write it": [floats, { letters: "FL32", bits: 32 }],
    fl64: [doubles, { letters: "fl64", bits: 64 }],
    "samples before their description": [data, { commonLast: true }],
    "an offset to the samples": [data, { offset: 20 }],
    "chunks behind": [data, { behind: [chunk("ID3 ", Buffer.alloc(301, "x"), { littleEndian: false })] }],
  };
  test.each(Object.entries(cases))("%s", async (_, [sound, fields]) => {
    expect(await read(aiff(sound, fields))).toEqual({
      samples: expected,
      sampleRate: 8000,
      channels: 1,
      remarks: [],
    });
  });

  test("8 bits: signed, but unsigned in raw", async () => {
    const eight = values.map((value) => value >> 8);
    const samples = Float32Array.from(eight, (value) => value / 128);
    expect((await read(aiff(Uint8Array.from(eight), { bits: 8 }))).samples).toEqual(samples);
    const raw = Uint8Array.from(eight, (value) => value + 128);
    expect((await read(aiff(raw, { bits: 8, letters: "raw " }))).samples).toEqual(samples);
  });

  test("A-law and µ-law", async () => {
    // the codes of the largest value and of silence
    const [aLaw, muLaw] = [
      [0xaa, 0xd5],
      [0x80, 0xff],
    ];
    const alaw = await read(aiff(Uint8Array.from(aLaw!), { letters: "alaw", bits: 8, frames: 2 }));
    const ulaw = await read(aiff(Uint8Array.from(muLaw!), { letters: "ulaw", bits: 8, frames: 2 }));
    for (const { samples } of [alaw, ulaw]) {
      expect(samples[0]).toBeGreaterThan(0.95);
      expect(Math.abs(samples[1]!)).toBeLessThan(0.001);
    }
  });

  test("channels are averaged", async () => {
    const { samples, channels } = await read(aiff(data, { channels: 2 }));
    expect(channels).toBe(2);
    expect(samples.length).toBe(300);
    expect(samples[1]).toBe((values[2]! + values[3]!) / 2 / 32768);
  });
});

describe("lengths that do not fit", () => {
  const toTheEnd = (stated: string) => [
    `its header does not say how long it is (${stated} bytes), so it is read to its end`,
  ];
  test.each([
    [0, 0, "0"],
    [0x7f000000 / 2, 0x7f000008, "0x7f000000"],
    [0xffffffff, 0xffffffff, "0xfffffff7"],
  ])(
    "%i samples in %i bytes, as of a stream that was never closed: to the end of the file",
    async (frames, soundBytes, stated) => {
      expect(await read(aiff(data, { frames, soundBytes }))).toMatchObject({
        samples: expected,
        remarks: toTheEnd(stated),
      });
    },
  );

  test("fewer samples than there is room for: those of the header", async () => {
    const { samples, remarks } = await read(aiff(data, { frames: 500 }));
    expect(samples).toEqual(expected.slice(0, 500));
    expect(remarks).toEqual(["200 bytes behind its samples are left out"]);
  });

  test.each([
    [
      "more samples than there is room for",
      aiff(data, { frames: 700 }),
      /is truncated: its header announces 700 samples, but there is room for only 600\.$/,
    ],
    [
      "a file that is cut short",
      aiff(data).subarray(0, 800),
      /is truncated: its header announces 1200 bytes of samples, but there are only 746\.$/,
    ],
    ["none", aiff(new Uint8Array(), { frames: 0 }), /contains no audio/],
    [
      "none, and a chunk behind",
      aiff(new Uint8Array(), { frames: 0, behind: [chunk("ID3 ", Buffer.alloc(300), { littleEndian: false })] }),
      /contains no audio/,
    ],
    [
      "an offset behind the end",
      aiff(data, { offset: 20, soundBytes: 10 }),
      /damaged or truncated AIFF file: its samples start behind their end\.$/,
    ],
    ["no samples", aiff(data).subarray(0, 38), /damaged or truncated AIFF file: it has no "SSND" chunk\.$/],
    ["no description", aiff(data).subarray(0, 20), /damaged or truncated AIFF file: it has no "COMM" chunk\.$/],
    [
      "compressed",
      aiff(data, { letters: "ima4" }),
      /unknown encoding \("ima4", 16 bits\), expected one without compression\.$/,
    ],
    ["letters that are none", aiff(data, { letters: "\u0001\u0002ab" }), /unknown encoding \("\?\?ab", 16 bits\)/],
    [
      "no channels",
      aiff(data, { channels: 0, frames: 600 }),
      /is damaged: its header specifies 0 channels at 8000 Hz\.$/,
    ],
    ["64 bits", aiff(data, { bits: 64 }), /unknown encoding \("NONE", 64 bits\)/],
    [
      "a broken rate",
      aiff(data, { rate: HALF_HERTZ_MORE }),
      /has a sample rate of 8000\.5 Hz, expected a whole number\.$/,
    ],
    [
      "a rate that is no number",
      aiff(data, { rate: "ffff0000000000000000" }),
      /its header specifies 1 channels at 0 Hz\.$/,
    ],
    ["an endless rate", aiff(data, { rate: "7fff8000000000000000" }), /has a sample rate of Infinity Hz, expected/],
    ["no rate", aiff(data, { rate: "0".repeat(20) }), /is damaged: its header specifies 1 channels at 0 Hz\.$/],
  ])("%s: refused", async (_, bytes, message) => {
    const reading = read(bytes);
    await expect(reading).rejects.toThrow(UserError);
    await expect(reading).rejects.toThrow(message);
  });
});
