import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { UserError } from "../../../engine/errors.ts";
import { AudioReader, readRecording } from "../../../data/audio/audio.ts";

/*
 * Files as players meet them: tags and other bytes before, between and behind the frames, and frames that are cut short.
 * The fixture has 16 frames of 144 bytes, 576 samples each, without a count of them.
 */

const FRAME = 144;
const SAMPLES = 576;

let folder: string;
let frames: Buffer;
let counted: Buffer;
let expected: Float32Array;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "unfold-mp3-"));
  const fixture = (name: string) => fileURLToPath(new URL(`../../fixtures/audio/${name}`, import.meta.url));
  const [plain, withCount] = [await readFile(fixture("tone_id3.mp3")), await readFile(fixture("tone.mp3"))];
  frames = plain.subarray(plain.indexOf(0xff));
  counted = withCount.subarray(withCount.indexOf(0xff));
  expected = (await readRecording(fixture("tone_id3.mp3"))).samples;
});
afterAll(() => rm(folder, { recursive: true }));

/** Reads a file whole, and in pieces, which have to agree; returns its samples and remarks. */
async function read(...parts: Uint8Array[]) {
  const path = join(folder, "in.mp3");
  await writeFile(path, Buffer.concat(parts));
  const printed = vi.spyOn(console, "error");
  try {
    const { samples, sampleRate, remarks } = await readRecording(path);
    const reader = new AudioReader();
    const rest = await reader.readRecording(path, { offset: 100 / sampleRate, duration: null });
    await reader.close();
    expect(rest).toEqual({ samples: samples.slice(100), sampleRate, channels: rest.channels, remarks });
    return { samples, remarks };
  } finally {
    expect(printed).not.toHaveBeenCalled();
    printed.mockRestore();
  }
}

const garbage = (bytes: number) =>
  Buffer.from(Uint8Array.from({ length: bytes }, (_, i) => (i * i * 31 + i + 1) & 0x7f));
const zeros = (bytes: number) => Buffer.alloc(bytes);
const id3v1 = Buffer.from("TAG".padEnd(128));
const extended = Buffer.from("TAG+".padEnd(227, "x"));
const id3v2 = (bytes: number) =>
  Buffer.concat([Buffer.from([...Buffer.from("ID3"), 4, 0, 0, 0, 0, bytes >> 7, bytes & 127]), garbage(bytes)]);
const id3v2AtEnd = (bytes: number) => {
  const size = [4, 0, 0x10, 0, 0, bytes >> 7, bytes & 127];
  return Buffer.from([...Buffer.from("ID3"), ...size, ...garbage(bytes), ...Buffer.from("3DI"), ...size]);
};
const ape = (bytes: number, withHeader = true) => {
  const end = Buffer.alloc(32);
  end.write("APETAGEX");
  end.writeUInt32LE(2000, 8);
  end.writeUInt32LE(bytes + 32, 12);
  if (withHeader) end.writeUInt32LE(0x80000000, 20);
  const start = Buffer.from(end);
  start.writeUInt32LE(0xa0000000, 20);
  return Buffer.concat([...(withHeader ? [start] : []), garbage(bytes), end]);
};
const lyrics = (bytes: number) => {
  const text = `LYRICSBEGININD0000200LYR${String(bytes).padStart(5, "0")}${"la ".repeat(bytes).slice(0, bytes)}`;
  return Buffer.from(`${text}${String(text.length).padStart(6, "0")}LYRICS200`);
};
const lyricsOfVersion1 = (bytes: number) => Buffer.from(`LYRICSBEGIN${"la ".repeat(bytes).slice(0, bytes)}LYRICSEND`);

describe("tags are no sound and nothing to remark", () => {
  const cases: Record<string, () => Uint8Array[]> = {
    "Lyrics3 and ID3v1": () => [frames, lyrics(2000), id3v1],
    "the older Lyrics3 and ID3v1": () => [frames, lyricsOfVersion1(3000), id3v1],
    "an extended ID3v1": () => [frames, extended, id3v1],
    "APE, Lyrics3 and ID3v1": () => [frames, ape(3000), lyrics(2000), id3v1],
    "APE without a header": () => [frames, ape(3000, false)],
    "APE without a header, before ID3v1": () => [frames, ape(3000, false), id3v1],
    "APE at the start": () => [ape(3000), frames],
    "ID3v2 at the end": () => [frames, id3v2AtEnd(1500)],
    "ID3v2 with zeros behind it": () => [id3v2(500), zeros(2000), frames],
    "ID3v2 and Lyrics3 between frames": () => [
      frames.subarray(0, 4 * FRAME),
      lyrics(2000),
      id3v1,
      id3v2(1500),
      frames.subarray(4 * FRAME),
    ],
  };
  test.each(Object.entries(cases))("%s", async (_, parts) => {
    expect(await read(...parts())).toEqual({ samples: expected, remarks: [] });
  });
});

describe("other bytes are skipped, and how many is said", () => {
  const leftOut = (bytes: number) => [`${bytes} bytes that are neither frames nor tags are left out`];
  const cases: Record<string, [parts: () => Uint8Array[], remarks: string[]]> = {
    "behind the frames": [() => [frames, garbage(2000)], leftOut(2000)],
    "behind the frames, before ID3v1": [() => [frames, garbage(2000), id3v1], leftOut(2000)],
    "behind ID3v1": [() => [frames, id3v1, garbage(3000)], leftOut(3000)],
    "before the frames": [() => [garbage(5000), frames], leftOut(5000)],
    "before the frames, behind ID3v2": [() => [id3v2(500), garbage(1500), frames], leftOut(1500)],
    "far before the frames": [() => [garbage(100_000), frames, frames], leftOut(100_000)],
    "between frames": [() => [frames.subarray(0, 4 * FRAME), garbage(3000), frames.subarray(4 * FRAME)], leftOut(3000)],
    "in several places": [
      () => [garbage(10), frames.subarray(0, 4 * FRAME), garbage(20), frames.subarray(4 * FRAME), garbage(30), id3v1],
      leftOut(60),
    ],
    "zeros at the end": [() => [frames, zeros(5000)], leftOut(5000)],
    "zeros at the end, before ID3v1": [() => [frames, zeros(5000), id3v1], leftOut(5000)],
    "zeros at the start": [() => [zeros(5000), frames], leftOut(5000)],
    "zeros between frames": [
      () => [frames.subarray(0, 4 * FRAME), zeros(3000), frames.subarray(4 * FRAME)],
      leftOut(3000),
    ],
  };
  test.each(Object.entries(cases))("%s", async (name, [parts, remarks]) => {
    const { samples, remarks: made } = await read(...parts());
    expect(made).toEqual(remarks);
    if (name.startsWith("far")) expect(samples.length).toBe(2 * expected.length);
    else expect(samples).toEqual(expected);
  });
});

test("files that were joined are read whole, and what the first header does not count is said", async () => {
  const { samples, remarks } = await read(counted, counted);
  const all = 17; // of the second file: 16 with sound, and the one that counts them
  expect(samples.length).toBeGreaterThan(2 * 8000);
  expect(remarks).toEqual([
    `it has ${all * SAMPLES} samples more than its header counts, as files that were joined; all are read`,
  ]);
  expect((await read(frames, frames)).remarks).toEqual([]); // nothing counts them
});

describe("frames that are cut short are left out", () => {
  const cut = (bytes: number) => [`1 frames that are cut short, of ${bytes} bytes, are left out`];
  test("the last", async () => {
    const { samples, remarks } = await read(frames.subarray(0, -100));
    expect(samples).toEqual(expected.slice(0, -SAMPLES));
    expect(remarks).toEqual(cut(FRAME - 100));
  });

  test("the last, before ID3v1 and Lyrics3", async () => {
    for (const tags of [[id3v1], [lyrics(400), id3v1], [ape(500)]]) {
      const { samples, remarks } = await read(frames.subarray(0, -100), ...tags);
      expect(samples).toEqual(expected.slice(0, -SAMPLES));
      expect(remarks).toEqual(cut(FRAME - 100));
    }
  });

  test("the last of a file whose header counts it", async () => {
    const { samples, remarks } = await read(counted.subarray(0, -10));
    expect(remarks).toEqual([expect.stringMatching(/^1 frames that are cut short, of \d+ bytes, are left out$/)]);
    expect(samples.length).toBeGreaterThanOrEqual(8000 - SAMPLES);
  });

  test("the first, of a recording that starts within it", async () => {
    const { samples, remarks } = await read(frames.subarray(50));
    expect(samples.length).toBe(expected.length - SAMPLES);
    expect(remarks).toEqual([`${FRAME - 50} bytes that are neither frames nor tags are left out`]);
  });

  test("one in the middle, whose rest is missing", async () => {
    const { samples, remarks } = await read(frames.subarray(0, 6 * FRAME - 90), frames.subarray(6 * FRAME));
    expect(samples.length).toBe(expected.length - SAMPLES);
    expect(remarks).toEqual(cut(FRAME - 90));
  });
});

describe("what is no MP3 file after all", () => {
  const cases: Record<string, [parts: () => Uint8Array[], message: RegExp]> = {
    "more than one frame is missing of those counted": [
      () => [counted.subarray(0, -3 * FRAME)],
      /is truncated or damaged: its header announces 9216 samples, but there are only \d+\.$/,
    ],
    "one frame, then anything": [() => [frames.subarray(0, FRAME), garbage(5000)], /no frame follows its first one\.$/],
    "a text in UTF-16": [
      () => [Buffer.from("\ufeffRecordings of the second day, in no order at all", "utf16le")],
      /is not a supported audio file/,
    ],
    "frames far behind anything": [() => [garbage(1_100_000), frames], /is not a supported audio file/],
    "hardly any frames": [
      () => [frames, garbage(1_100_000)],
      /is a damaged MP3 file, or of another format: 1100000 of its \d+ bytes are neither frames nor tags\.$/,
    ],
  };
  test.each(Object.entries(cases))("%s", async (_, [parts, message]) => {
    const reading = read(...parts());
    await expect(reading).rejects.toThrow(UserError);
    await expect(reading).rejects.toThrow(message);
  });
});
