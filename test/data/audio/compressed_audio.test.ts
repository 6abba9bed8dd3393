import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { UserError } from "../../../engine/errors.ts";
import { readAudio } from "../../../data/audio/audio.ts";
import { changedOgg, withPageSplit } from "./ogg_file.ts";

const fixture = (name: string) => fileURLToPath(new URL(`../../fixtures/audio/${name}`, import.meta.url));

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), "unfold-compressed-"))));
afterAll(() => rm(folder, { recursive: true }));

/** Amplitude and delay of the 440 Hz tone in the middle of the samples, by least squares. */
function tone(samples: Float32Array, rate: number): { amplitude: number; delayMs: number } {
  let inPhase = 0;
  let quadrature = 0;
  const start = Math.round(0.1 * rate);
  const count = Math.round(0.3 * rate); // 132 periods
  for (let i = start; i < start + count; i++) {
    inPhase += (samples[i] as number) * Math.sin((2 * Math.PI * 440 * i) / rate);
    quadrature -= (samples[i] as number) * Math.cos((2 * Math.PI * 440 * i) / rate);
  }
  return {
    amplitude: (2 * Math.hypot(inPhase, quadrature)) / count,
    delayMs: (1000 * Math.atan2(quadrature, inPhase)) / (2 * Math.PI * 440),
  };
}

describe("a tone of 440 Hz, both channels averaged", () => {
  test.each([
    ["tone.mp3", 16000, 8000, 0.95 * 0.375], // LAME takes off 5 % against clipping
    ["tone_id3.mp3", 16000, 9216, 0.95 * 0.375], // the encoder's padding is not written down, so it stays
    ["tone_44k.mp3", 44100, 22050, 0.95 * 0.5],
    ["tone_vorbis.ogg", 16000, 8000, 0.375],
    ["tone_opus.ogg", 48000, 24000, 0.375],
  ])("%s", async (name, rate, length, amplitude) => {
    const { samples, originalRate } = await readAudio(fixture(name), rate);
    expect([originalRate, samples.length]).toEqual([rate, length]);
    const found = tone(samples, rate);
    expect(Math.abs(found.amplitude - amplitude)).toBeLessThan(0.01);
    // Opus shifts phases by a filter of its own, by less than 0.1 ms; the padding would be 26 ms of MP3 and 6.5 ms of Opus.
    if (name !== "tone_id3.mp3") expect(Math.abs(found.delayMs)).toBeLessThan(0.1);
  });

  test("a piece, at another rate", async () => {
    const { samples } = await readAudio(fixture("tone_opus.ogg"), 16000, { offset: 0.1, duration: 0.25 });
    expect(samples.length).toBe(4000);
  });

  test("what the file is called does not matter", async () => {
    const path = join(folder, "misnamed.wav");
    await writeFile(path, await readFile(fixture("tone_vorbis.ogg")));
    expect((await readAudio(path, 16000)).samples.length).toBe(8000);
  });
});

describe("the header of an Opus file", async () => {
  const opus = await readFile(fixture("tone_opus.ogg"));
  const header = opus.indexOf("OpusHead");
  const readChanged = async (change: (bytes: Buffer) => void) => {
    const path = join(folder, "changed.opus");
    await writeFile(path, changedOgg(opus, change));
    return readAudio(path, 48000);
  };

  test.each([-12, -0.5, 3])("a gain of %f dB is applied to every sample", async (dB) => {
    const { samples } = await readAudio(fixture("tone_opus.ogg"), 48000);
    const louder = await readChanged((bytes) => bytes.writeInt16LE(dB * 256, header + 16));
    const wrong = louder.samples.findIndex(
      (sample, i) => !(Math.abs(sample - (samples[i] as number) * 10 ** (dB / 20)) < 1e-6), // channels are averaged behind the gain
    );
    expect([louder.samples.length, wrong]).toEqual([samples.length, -1]);
  });

  test("another pre-skip leaves out as many samples", async () => {
    const { samples } = await readAudio(fixture("tone_opus.ogg"), 48000);
    const shorter = await readChanged((bytes) =>
      bytes.writeUInt16LE(bytes.readUInt16LE(header + 10) + 480, header + 10),
    );
    expect(shorter.samples.length).toBe(samples.length - 480);
  });

  describe("in several pages", () => {
    const whole = readAudio(fixture("tone_opus.ogg"), 48000);
    /** @param later how much later than usual the first page ends, in samples, and the last */
    const readSplit = async (later: bigint, last = later, change: (bytes: Buffer) => Buffer = (bytes) => bytes) => {
      const path = join(folder, "split.opus");
      await writeFile(path, change(withPageSplit(opus, 10, 9600n + later, last)));
      return readAudio(path, 48000);
    };

    test("is read as in one", async () => {
      expect(await readSplit(0n)).toEqual(await whole);
    });

    test("of a stream that was joined while it ran, is read from there", async () => {
      const { samples } = await readSplit(4800n);
      expect(samples).toEqual((await whole).samples);
    });

    test("is refused with sound before its start, as of a file that was cut without being encoded again", async () => {
      await expect(readSplit(-4800n)).rejects.toThrow(
        /contradicts itself: its first page has 9288 samples, but ends after 4488, as in files that were cut without/,
      );
    });

    test("is read without the last, with a remark", async () => {
      const { samples, remarks } = await readSplit(0n, 0n, (bytes) => bytes.subarray(0, bytes.lastIndexOf("OggS")));
      expect((await whole).remarks).toEqual([]);
      expect(remarks).toEqual(["its last page is not marked as the end of the stream, so it may be cut short"]);
      expect(samples).toEqual((await whole).samples.subarray(0, 10 * 960 - 312));
    });
  });

  test("one that is cut short", async () => {
    await expect(readChanged((bytes) => (bytes[27] = 10))).rejects.toThrow(UserError);
  });
});

describe("tags of an MP3 file", async () => {
  const plain = await readFile(fixture("tone.mp3"));
  const untagged = plain.subarray(plain.indexOf(0xff));
  const id3 = (bytes: number, flags = 0) =>
    Buffer.concat([
      Buffer.from([...Buffer.from("ID3"), 4, 0, flags, 0, 0, bytes >> 7, bytes & 127]),
      Buffer.alloc(bytes, 0xf1),
    ]);
  const footer = Buffer.from([...Buffer.from("3DI"), 4, 0, 0x10, 0, 0, 0, 100]);
  const id3v1 = Buffer.from("TAG".padEnd(128));
  const ape = (bytes: number) => {
    const end = Buffer.alloc(32);
    end.write("APETAGEX");
    end.writeUInt32LE(bytes + 32, 12);
    return Buffer.concat([end, Buffer.alloc(bytes, 0xf1), end]);
  };
  const cases: Record<string, Buffer[]> = {
    "one at the start": [id3(3000), untagged],
    "two at the start": [id3(20), id3(3000), untagged],
    "one with a footer, and zeros": [id3(100, 0x10), footer, Buffer.alloc(700), untagged],
    "ID3v1 at the end": [untagged, id3v1],
    "APE and ID3v1 at the end": [untagged, ape(5000), id3v1],
  };
  test.each(Object.entries(cases))("%s", async (name, parts) => {
    const path = join(folder, `${name}.mp3`);
    await writeFile(path, Buffer.concat(parts));
    expect(await readAudio(path, 16000)).toEqual(await readAudio(fixture("tone.mp3"), 16000));
  });

  test("between two recordings", async () => {
    const path = join(folder, "two.mp3");
    const [first, second] = await Promise.all(["tone_id3.mp3", "tone_id3.mp3"].map((name) => readFile(fixture(name))));
    await writeFile(path, Buffer.concat([first!, id3v1, second!, id3v1]));
    expect((await readAudio(path, 16000)).samples.length).toBe(2 * 9216);
  });
});

describe("bad files give one sentence with their name, and print nothing", async () => {
  const [mp3, tagged, mp3_44k, vorbis, opus] = await Promise.all(
    ["tone.mp3", "tone_id3.mp3", "tone_44k.mp3", "tone_vorbis.ogg", "tone_opus.ogg"].map((name) =>
      readFile(fixture(name)),
    ),
  );
  const firstFrame = mp3!.indexOf(0xff);
  const half = (bytes: Uint8Array) => bytes.subarray(0, bytes.length >> 1);
  const damaged = (bytes: Uint8Array) =>
    Uint8Array.from(bytes, (byte, i) => (i >= bytes.length >> 1 && i < (bytes.length >> 1) + 40 ? byte ^ 0x55 : byte));
  const free = Uint8Array.from(mp3!, (byte, i) => (mp3![i - 2] === 0xff && mp3![i - 1] === 0xf3 ? byte & 0x0f : byte));
  const secondPage = vorbis!.indexOf("OggS", 4);
  const thirdPage = vorbis!.indexOf("OggS", secondPage + 4);
  const chained = Buffer.concat([vorbis!, opus!]);
  const cases: Record<string, [bytes: Uint8Array, message: RegExp]> = {
    "half.mp3": [half(mp3!), /is truncated or damaged: its header announces 9216 samples, but there are only \d+\.$/],
    "header.mp3": [mp3!.subarray(0, firstFrame + 4), /is a truncated MP3 file: it ends within its first frame\.$/],
    "tag.mp3": [tagged!.subarray(0, 12), /is not a supported audio file/],
    "noise.mp3": [
      Uint8Array.from(mp3!, (byte, i) => (i < firstFrame + 4 ? byte : (i * i * 77 + i * 13) & 255)),
      /is a damaged MP3 file: no frame follows its first one\.$/,
    ],
    "half_vorbis.ogg": [half(vorbis!), /is a truncated Ogg file: it ends within page \d+\.$/],
    "half_opus.ogg": [half(opus!), /is a truncated Ogg file: it ends within page \d+\.$/],
    "header.ogg": [vorbis!.subarray(0, 20), /is a truncated Ogg file: it ends within page 1\.$/],
    "damaged_vorbis.ogg": [damaged(vorbis!), /is a damaged Ogg file: page \d+ does not match its checksum\.$/],
    "damaged_opus.ogg": [damaged(opus!), /is a damaged Ogg file: page \d+ does not match its checksum\.$/],
    "garbage.ogg": [
      Buffer.concat([vorbis!, Buffer.from("garbage")]),
      /is a damaged Ogg file: no page starts at byte \d+\.$/,
    ],
    "free.mp3": [free, /is an MP3 file in the "free" format, expected one of the usual bit rates\.$/],
    "two_rates.mp3": [
      Buffer.concat([tagged!, Buffer.from("TAG".padEnd(128)), mp3_44k!]),
      /changes its sample rate from 16000 to 44100 Hz at byte 2538\.$/,
    ],
    "same_twice.ogg": [Buffer.concat([vorbis!, vorbis!]), /contains several Ogg streams, expected one\.$/],
    "first_page.ogg": [vorbis!.subarray(0, 58), /is a damaged Ogg Vorbis file/],
    "page_missing.ogg": [
      Buffer.concat([vorbis!.subarray(0, secondPage), vorbis!.subarray(thirdPage)]),
      /is a damaged Ogg file: a page is missing before page 2\.$/,
    ],
    "chained.ogg": [chained, /contains several Ogg streams, expected one\.$/],
    "flac.ogg": [await readFile(fixture("flac.ogg")), /is an Ogg file with FLAC, expected Vorbis or Opus\.$/],
    "aac.m4a": [
      Buffer.from("\0\0\0\x20ftypM4A mp42isom"),
      /is not a supported audio file: expected WAV, AIFF, FLAC, MP3, Ogg Vorbis or Ogg Opus\.$/,
    ],
    "aac.aac": [Buffer.from([0xff, 0xf1, 0x50, 0x80, 0x1b, 0xbf, 0xfc]), /is not a supported audio file/],
  };
  test.each(Object.entries(cases))("%s", async (name, [bytes, message]) => {
    const path = join(folder, name);
    await writeFile(path, bytes);
    const printed = vi.spyOn(console, "error");
    const error = await readAudio(path, 16000).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(UserError);
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message.startsWith(path)).toBe(true);
    expect((error as Error).message).toMatch(/^[^\n]*\.$/);
    expect(printed).not.toHaveBeenCalled();
    printed.mockRestore();
  });
});
