import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi, type MockInstance } from "vitest";
import { uniform } from "../../../engine/random.ts";
import { AudioReader } from "../../../data/audio/audio.ts";
import { FileBytes } from "../../../data/audio/file_bytes.ts";
import { flacFile } from "./flac_file.ts";

const RATE = 8000;
const LENGTH = 5 * RATE;
const noise = (key: number) =>
  Int32Array.from({ length: LENGTH }, (_, i) => Math.round(60000 * uniform(6, key, i) - 30000));
const floats = (values: Int32Array, from: number, to: number) =>
  Float32Array.from(values.subarray(from, to), (value) => value / 32768);

let folder: string;
let one: string;
let other: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "unfold-reader-"));
  [one, other] = [join(folder, "one.flac"), join(folder, "other.flac")];
  await writeFile(one, await flacFile(noise(1), { rate: RATE }));
  await writeFile(other, await flacFile(noise(2), { rate: RATE }));
});
afterAll(() => rm(folder, { recursive: true }));

/** Files that were closed: one for each look whether it is a WAV file, one for each decoding that is over. */
let closed: MockInstance<FileBytes["close"]>;
let reader: AudioReader;
beforeEach(() => {
  closed = vi.spyOn(FileBytes.prototype, "close");
  reader = new AudioReader();
});
afterEach(async () => {
  await reader.close();
  closed.mockRestore();
});

const second = (i: number) => ({ offset: i, duration: 1 });

test("pieces of a recording, one after the other or asked for at once, cost a single decoding", async () => {
  for (let i = 0; i < 3; i++)
    expect((await reader.read(one, RATE, second(i))).samples).toEqual(floats(noise(1), i * RATE, (i + 1) * RATE));
  const [fourth, fifth, length] = await Promise.all([
    reader.read(one, RATE, second(3)),
    reader.readSpan(one, RATE, { from: 4 * RATE, to: LENGTH }),
    reader.length(one, 16000),
  ]);
  expect(fourth.samples).toEqual(floats(noise(1), 3 * RATE, 4 * RATE));
  expect(fifth.samples).toEqual(floats(noise(1), 4 * RATE, LENGTH));
  expect(length).toBe(2 * LENGTH);
  expect(closed).toHaveBeenCalledTimes(2);
});

test("a recording is let go for the next one, and that when the reader is closed", async () => {
  await reader.readSpan(one, RATE, { from: 0, to: 100 });
  expect(closed).toHaveBeenCalledTimes(1);
  await reader.readSpan(other, RATE, { from: 0, to: 100 });
  await vi.waitFor(() => expect(closed).toHaveBeenCalledTimes(3)); // both looks, and the one that was not decoded to its end
  await reader.close();
  expect(closed).toHaveBeenCalledTimes(4);
});

test("what others read meanwhile of another recording changes nothing", async () => {
  const spans = Array.from({ length: 12 }, (_, i) => ({ from: 3000 * i, to: 3000 * i + 3500 }));
  const read = await Promise.all(spans.map((span, i) => reader.readSpan(i % 3 === 0 ? one : other, RATE, span)));
  for (const [i, { from, to }] of spans.entries())
    expect(read[i]!.samples).toEqual(floats(noise(i % 3 === 0 ? 1 : 2), from, to));
});

test("a file that has changed is read anew", async () => {
  const path = join(folder, "changing.flac");
  for (const key of [3, 4]) {
    await writeFile(path, await flacFile(noise(key).subarray(0, LENGTH - key), { rate: RATE }));
    expect((await reader.read(path, RATE, second(1))).samples).toEqual(floats(noise(key), RATE, 2 * RATE));
  }
});

test("a file that cannot be read is named each time, and the reader goes on", async () => {
  const missing = join(folder, "nothing.flac");
  for (let i = 0; i < 2; i++)
    await expect(reader.read(missing, RATE, second(0))).rejects.toThrow(/nothing\.flac does not exist\.$/);
  expect((await reader.read(one, RATE, second(0))).samples).toEqual(floats(noise(1), 0, RATE));
});
