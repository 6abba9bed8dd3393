import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { UserError } from "../../engine/errors.ts";
import { uniform } from "../../engine/random.ts";
import { utteranceCmvn } from "../../model/features/cmvn.ts";
import { createFrontEnd } from "../../model/features/front_end.ts";
import { CharacterUnits } from "../../model/units/characters.ts";
import { loadItems } from "../../data/item.ts";
import { loadDataset, type DatasetOptions } from "../../data/dataset.ts";
import { readManifest } from "../../data/manifest/manifest.ts";
import { writeWav } from "../../data/audio/wav.ts";
import { littleEndian, wavFile } from "./audio/wav_file.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "unfold-dataset-"));
  await mkdir(path.join(folder, "audio"));
  const tone = (n: number) => Float32Array.from({ length: n }, (_, i) => 0.5 * Math.sin(i / 3));
  await writeWav(path.join(folder, "audio", "one.wav"), tone(1600), 8000);
  await writeWav(path.join(folder, "audio", "two.wav"), tone(3200), 8000);
  await writeWav(
    path.join(folder, "audio", "noisy.wav"),
    tone(3200).map((x, i) => 0.5 * x + 0.1 * (uniform(1, i) - 0.5)),
    8000,
  );
  await writeWav(path.join(folder, "audio", "fast.wav"), tone(3200), 16000);
  await writeFile(path.join(folder, "audio", "noise.wav"), "not audio at all");
  await writeWav(path.join(folder, "audio", "nothing.wav"), new Float32Array(), 8000);
});
afterAll(() => rm(folder, { recursive: true }));

const frontEnd = createFrontEnd({ kind: "fbank", fbank: { sampleRate: 8000, bins: 20 } });
const units = CharacterUnits.fromTexts(["one two three"]);
const options: DatasetOptions = { frontEnd, cmvn: null, units, outputFrames: (frames) => Math.floor(frames / 4) };

async function load(lines: object[], more: Partial<DatasetOptions> = {}) {
  const file = path.join(folder, "m.jsonl");
  await writeFile(file, lines.map((line) => JSON.stringify(line)).join("\n"));
  return loadDataset((await readManifest(file)).entries, { ...options, ...more });
}
const line = (name: string, text: string, more: object = {}) => ({
  audio_filepath: `audio/${name}.wav`,
  text,
  ...more,
});

test("gives features, labels and lengths, and reports progress", async () => {
  const progress: number[][] = [];
  const { utterances, bins, skipped, warnings, seconds } = await load(
    [line("one", "one", { speaker: "anna", duration: 0.2 }), line("two", "two")],
    {
      onProgress: (...args) => progress.push(args),
    },
  );
  expect(utterances.map((u) => [u.id, u.text, u.speaker, u.seconds, u.frames])).toEqual([
    ["one", "one", "anna", 0.2, 18],
    ["two", "two", null, 0.4, 38],
  ]);
  expect(utterances[0]!.labels).toEqual(units.encode("one"));
  expect(utterances.map((u) => u.features.length)).toEqual([18 * 20, 38 * 20]);
  expect([bins, skipped, warnings]).toEqual([20, [], []]);
  expect(seconds).toBeCloseTo(0.6, 9);
  expect(progress).toEqual([
    [1, 2],
    [2, 2],
  ]);
});

test("converts audio of another rate", async () => {
  const { utterances } = await load([line("fast", "two")]);
  expect([utterances[0]!.seconds, utterances[0]!.frames]).toEqual([0.2, 18]);
});

describe("normalisation", () => {
  const merged = (parts: Float32Array[]) =>
    utteranceCmvn({
      frames: parts.reduce((n, p) => n + p.length, 0) / 20,
      bins: 20,
      values: Float32Array.of(...parts.flatMap((p) => [...p])),
    });

  test("a training set has mean 0 and variance 1 in each bin, over all its frames", async () => {
    const { utterances, cmvn } = await load([line("one", "one"), line("two", "two"), line("noisy", "two")]);
    const { mean, variance } = merged((await loadItems(utterances)).map((u) => u.features));
    for (const value of mean) expect(value).toBeCloseTo(0, 5);
    for (const value of variance) expect(value).toBeCloseTo(1, 5);
    expect(cmvn?.frames).toBe(18 + 38 + 38);
  });

  test("another set is normalised with the training set's statistics", async () => {
    const { cmvn } = await load([line("one", "one"), line("noisy", "two")]);
    const both = await load([line("noisy", "two"), line("two", "two")], { cmvn });
    const alone = await load([line("two", "two")], { cmvn });
    expect(both.cmvn).toBe(cmvn);
    expect(alone.utterances[0]!.features).toEqual(both.utterances[1]!.features);
  });

  test("what is skipped does not count", async () => {
    const { cmvn } = await load([line("one", "one two three"), line("two", "two")]);
    expect(cmvn?.frames).toBe(38);
  });
});

test("without units there are no labels, and any text will do", async () => {
  const { utterances } = await load([line("one", "Größe")], { units: null });
  expect(utterances[0]!.labels).toEqual(new Int32Array());
});

describe("bad input", () => {
  async function messageOf(promise: Promise<unknown>): Promise<string> {
    const error = await promise.then(
      () => null,
      (e: unknown) => e,
    );
    expect(error).toBeInstanceOf(UserError);
    return (error as UserError).message;
  }

  test.each([
    ["missing", "does not exist"],
    ["noise", "not a supported audio file"],
    ["nothing", "0 samples"],
  ])("%s audio file: named with the manifest's line", async (name, reason) => {
    const message = await messageOf(load([line("one", "one"), line(name, "two")]));
    expect(message).toContain("m.jsonl, line 2: ");
    expect(message).toContain(`${name}.wav`);
    expect(message).toContain(reason);
  });

  test("with skipBroken it is left out, counted and named", async () => {
    const { utterances, skipped } = await load([line("noise", "one"), line("one", "one"), line("missing", "two")], {
      skipBroken: true,
    });
    expect(utterances.map((u) => u.id)).toEqual(["one"]);
    expect(skipped.map((s) => s.id)).toEqual(["noise", "missing"]);
    expect(skipped[1]!.reason).toContain("does not exist");
  });

  test("of audio that contradicts its header, what was decided is a remark; what cannot be read is broken", async () => {
    const data = littleEndian(
      Array.from({ length: 1600 }, (_, i) => Math.round(9000 * Math.sin(i / 3))),
      2,
    );
    await writeFile(path.join(folder, "audio", "pipe.wav"), wavFile(data, { dataBytes: 0x7ffff000 }));
    await writeFile(path.join(folder, "audio", "odd.wav"), wavFile(data, { align: 3 }));
    const lines = [line("pipe", "one"), line("odd", "two"), line("two", "two")];
    const { remarks, skipped, utterances } = await load(lines, { skipBroken: true });
    expect(remarks).toEqual([
      expect.stringMatching(/audio\/pipe\.wav: its header does not say how long it is \(0x7ffff000 bytes\)/),
    ]);
    expect(skipped).toEqual([{ id: "odd", reason: expect.stringMatching(/odd\.wav contradicts itself/) }]);
    expect(utterances.map(({ id, seconds }) => [id, seconds])).toEqual([
      ["pipe", 0.2],
      ["two", 0.4],
    ]);
    await expect(load(lines)).rejects.toThrow(/m\.jsonl, line 2: .*odd\.wav contradicts itself/);
  });

  test("a text with an unknown character: named before any audio is read", async () => {
    const message = await messageOf(load([line("missing", "one"), line("two", "twö")]));
    expect(message).toContain(`m.jsonl, line 2: 'ö' (U+00F6) in the text "twö"`);
  });

  test("an utterance too short for its text is skipped, counted and named", async () => {
    const { utterances, skipped } = await load([line("one", "one two three"), line("two", "two")]); // 4 frames, 13 labels
    expect(utterances.map((u) => u.id)).toEqual(["two"]);
    expect(skipped).toEqual([
      { id: "one", reason: "too short for its text: 4 frames after subsampling, but CTC needs 14 for its 13 labels" },
    ]);
  });

  test("a wrong sample count is a warning", async () => {
    const { utterances, warnings } = await load([line("one", "one", { duration: 2 })]);
    expect(utterances).toHaveLength(1);
    expect(warnings).toEqual([
      "one: wrong sample count: 1600 samples at 8000 Hz (0.20 s), the manifest's 2.00 s would be 16000",
    ]);
  });

  test("nothing left to use", async () => {
    expect(await messageOf(load([line("one", "one two three")]))).toMatch(
      /^none of the 1 utterances can be used; the first, one: too short/,
    );
  });
});
