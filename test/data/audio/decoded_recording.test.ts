import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { UserError } from "../../../engine/errors.ts";
import { uniform } from "../../../engine/random.ts";
import { AudioReader } from "../../../data/audio/audio.ts";
import { DecodedRecording } from "../../../data/audio/decoded_recording.ts";
import { FileBytes } from "../../../data/audio/file_bytes.ts";
import { decodeMp3 } from "../../../data/audio/mp3.ts";
import { decodeOgg } from "../../../data/audio/ogg.ts";
import { decodeBlocks } from "../../../data/audio/open_recording.ts";
import type { DecodedAudio } from "../../../data/audio/recording.ts";
import { flacFile } from "./flac_file.ts";

const LENGTH = 50_000; // 13 frames of 4096 samples
const noise = Int32Array.from({ length: LENGTH }, (_, i) => Math.round(60000 * uniform(5, i, 0) - 30000));
const expected = Float32Array.from(noise, (value) => value / 32768);

let folder: string;
let flac: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "unfold-decoded-"));
  flac = join(folder, "noise.flac");
  await writeFile(flac, await flacFile(noise, { rate: 8000 }));
});
afterAll(() => rm(folder, { recursive: true }));

describe("a recording of which no more than 10,000 samples stay in memory", () => {
  const open = () => DecodedRecording.open(() => decodeBlocks(flac), { keptSamples: 10_000 });
  const spans = [
    [0, 3000],
    [2000, 9000],
    [8999, 30_000],
    [29_000, 29_001],
    [40_000, LENGTH],
    [49_999, LENGTH],
  ] as const;

  test("gives parts in order, far apart and overlapping", async () => {
    const recording = await open();
    expect([recording.sampleRate, recording.channels]).toEqual([8000, 1]);
    for (const [from, to] of spans) expect(await recording.read(from, to)).toEqual(expected.slice(from, to));
    expect(await recording.length()).toBe(LENGTH);
  });

  test("gives parts in any order, asked for at once, and its length meanwhile", async () => {
    const recording = await open();
    const mixed = [...spans.toReversed(), ...spans];
    const [length, ...parts] = await Promise.all([
      recording.length(),
      ...mixed.map(([from, to]) => recording.read(from, to)),
    ]);
    expect(length).toBe(LENGTH);
    for (const [i, [from, to]] of mixed.entries()) expect(parts[i]).toEqual(expected.slice(from, to));
  });

  test("ends where the recording ends", async () => {
    const recording = await open();
    expect(await recording.read(LENGTH - 5, LENGTH + 100)).toEqual(expected.slice(-5));
    expect((await recording.read(LENGTH, LENGTH + 100)).length).toBe(0);
  });

  test("is opened again by whoever reads on after it was closed", async () => {
    const recording = await open();
    await recording.read(20_000, 30_000);
    await recording.close();
    const closed = vi.spyOn(FileBytes.prototype, "close");
    expect(await recording.read(30_000, 40_000)).toEqual(expected.slice(30_000, 40_000));
    expect(closed).toHaveBeenCalledTimes(1); // again not left open
    closed.mockRestore();
  });

  test("ends with a sentence if the decoder itself fails, and can be read again", async () => {
    const recording = await open();
    const failing = vi.spyOn(FileBytes.prototype, "read").mockImplementation(() => {
      throw new TypeError("not for users");
    });
    await expect(recording.read(40_000, 50_000)).rejects.toThrow(
      new UserError(`${flac} is a damaged FLAC file: its decoder failed.`),
    );
    failing.mockRestore();
    expect(await recording.read(40_000, 50_000)).toEqual(expected.slice(40_000, 50_000));
  });

  test("says what is damaged as soon as that is read, and each time", async () => {
    const bytes = await readFile(flac);
    const half = join(folder, "half.flac");
    await writeFile(half, bytes.subarray(0, bytes.length >> 1));
    const recording = await DecodedRecording.open(() => decodeBlocks(half), { keptSamples: 10_000 });
    expect(await recording.read(0, 9000)).toEqual(expected.slice(0, 9000));
    for (let i = 0; i < 2; i++) {
      await expect(recording.read(20_000, 30_000)).rejects.toThrow(UserError);
      await expect(recording.length()).rejects.toThrow(
        /half\.flac is truncated or damaged: its header announces 50000 samples, but only \d+ could be read\.$/,
      );
    }
  });
});

describe("decoding part by part gives what decoding at once gives", () => {
  class InParts extends FileBytes {
    readonly #bytes: number;
    constructor(path: string, bytes: number) {
      super(path);
      this.#bytes = bytes;
    }
    override parts(start: number, end = this.size): Generator<Uint8Array> {
      return super.parts(start, end, this.#bytes);
    }
  }

  async function channelsOf(blocks: AsyncGenerator<DecodedAudio>): Promise<{ channels: number[][]; blocks: number }> {
    const channels: number[][] = [];
    let count = 0;
    for await (const block of blocks) {
      count += 1;
      for (const [i, samples] of block.channels.entries()) (channels[i] ??= []).push(...samples);
    }
    return { channels, blocks: count };
  }

  test.each([
    ["tone.mp3", decodeMp3],
    ["tone_id3.mp3", decodeMp3],
    ["tone_44k.mp3", decodeMp3],
    ["tone_vorbis.ogg", decodeOgg],
    ["tone_opus.ogg", decodeOgg],
  ])("%s", async (name, decode) => {
    const path = fileURLToPath(new URL(`../../fixtures/audio/${name}`, import.meta.url));
    const [whole, ...parted] = await Promise.all(
      [2 ** 20, 1000, 97].map(async (bytes) => {
        const file = new InParts(path, bytes);
        return channelsOf(decode(file)).finally(() => file.close());
      }),
    );
    for (const { channels } of parted) expect(channels).toEqual(whole!.channels);
    if (name.endsWith(".mp3")) expect(parted[1]!.blocks).toBeGreaterThan(2); // the Ogg ones have one page of sound
  });
});

test("the length at another rate is that of what is read", async () => {
  const reader = new AudioReader();
  for (const rate of [16000, 11025])
    expect(await reader.length(flac, rate)).toBe((await reader.read(flac, rate)).samples.length);
  await reader.close();
});
