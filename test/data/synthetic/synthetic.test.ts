import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, readdir, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { UserError } from "../../../engine/errors.ts";
import { readAudio } from "../../../data/audio/audio.ts";
import { readManifest } from "../../../data/manifest/manifest.ts";
import { changeSpeed } from "../../../data/synthetic/change_speed.ts";
import { makeDigitCorpus } from "../../../data/synthetic/digit_corpus.ts";
import { digitStrings } from "../../../data/synthetic/digit_strings.ts";
import { VOICES } from "../../../data/synthetic/flite.ts";
import { loadFlite } from "../../../data/synthetic/load_flite.ts";
import { addNoise, noise } from "../../../data/synthetic/noise.ts";

const SIZES = { train: 8, dev: 3, test: 3, testUnseen: 2 };
const SPLITS = ["train", "dev", "test", "testUnseen"] as const;

type Line = { audio_filepath: string; duration: number; text: string; speaker: string };

let scratch: string;
let manifests: Awaited<ReturnType<typeof makeDigitCorpus>>;
const progress: [number, number][] = [];

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "unfold-digits-"));
  manifests = await makeDigitCorpus(join(scratch, "corpus"), { sizes: SIZES }, (done, total) =>
    progress.push([done, total]),
  );
});

afterAll(() => rm(scratch, { recursive: true, force: true }));

async function readLines(path: string): Promise<Line[]> {
  return (await readFile(path, "utf8"))
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Line);
}

/** Path and digest of every file below a folder. */
async function digests(folder: string): Promise<string[]> {
  const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  const lines = files.map(async ({ parentPath, name }) => {
    const path = join(parentPath, name);
    return `${path.slice(folder.length)} ${createHash("sha256")
      .update(await readFile(path))
      .digest("hex")}`;
  });
  return (await Promise.all(lines)).sort();
}

describe("the corpus", () => {
  test("has the sizes asked for and reports progress up to the end", async () => {
    for (const split of SPLITS) expect(await readLines(manifests[split])).toHaveLength(SIZES[split]);
    expect(progress).toEqual(Array.from({ length: 16 }, (_, i) => [i + 1, 16]));
    expect(basename(manifests.testUnseen)).toBe("test_unseen.jsonl");
  });

  test("has as many speakers of unseen strings as speeds of the held-out voice", async () => {
    const folder = join(scratch, "speakers");
    const sizes = { train: 1, dev: 1, test: 1, testUnseen: 4 };
    const made = await makeDigitCorpus(folder, { sizes, unseenSpeeds: [1, 0.8, 1.25] });
    const usual = await makeDigitCorpus(join(scratch, "speaker"), { sizes });
    const [lines, others] = [await readLines(made.testUnseen), await readLines(usual.testUnseen)];
    expect(lines.map(({ speaker }) => speaker)).toEqual(["rms", "rms-0.8", "rms-1.25", "rms"]);
    // Speed moves pitch and formants: an utterance 1.25 times as fast lasts 0.8 times as long, but for the noise around it.
    const spoken = lines.map(({ duration }, i) => duration / others[i]!.duration);
    expect([spoken[0], spoken[3]]).toEqual([1, 1]);
    expect(spoken[1]).toBeGreaterThan(1.1);
    expect(spoken[1]).toBeLessThan(1.25);
    expect(spoken[2]).toBeLessThan(0.95);
    expect(spoken[2]).toBeGreaterThan(0.8);
    await expect(makeDigitCorpus(folder, { unseenSpeeds: [3] })).rejects.toThrow(
      "makeDigitCorpus: unseenSpeeds: expected one or more numbers from 0.5 to 2, got [3]",
    );
  });

  test("has manifests that the manifest reader takes as they are", async () => {
    for (const split of SPLITS) {
      const { entries, warnings } = await readManifest(manifests[split]);
      expect(entries).toHaveLength(SIZES[split]);
      expect(warnings).toEqual([]);
    }
  });

  test("holds audible, unclipped 8 kHz speech of the duration in the manifest", async () => {
    for (const split of SPLITS)
      for (const { audio_filepath, duration, text } of await readLines(manifests[split])) {
        const { samples, originalRate } = await readAudio(join(dirname(manifests[split]), audio_filepath), 8000);
        const peak = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
        expect(originalRate).toBe(8000);
        expect(samples.length / 8000).toBe(duration);
        expect(20 * Math.log10(peak)).toBeGreaterThan(-18.1);
        expect(20 * Math.log10(peak)).toBeLessThan(-0.9);
        const secondsPerWord = duration / text.split(" ").length;
        expect(secondsPerWord).toBeGreaterThan(0.2);
        expect(secondsPerWord).toBeLessThan(1.8);
      }
  });

  test("shares no digit string between splits and the held-out speaker with none", async () => {
    const lines = await Promise.all(SPLITS.map((split) => readLines(manifests[split])));
    const texts = lines.map((split) => new Set(split.map(({ text }) => text)));
    expect(new Set(texts.flatMap((set) => [...set])).size).toBe(texts.reduce((sum, set) => sum + set.size, 0));
    const speakers = lines.map((split) => [...new Set(split.map(({ speaker }) => speaker))].sort());
    expect(speakers).toEqual([["awb", "kal", "slt"], ["awb", "kal", "slt"], ["awb", "kal", "slt"], ["rms"]]);
  });

  test("a held-out speaker takes all of that speaker's voices along", async () => {
    const sizes = { train: 5, dev: 1, test: 1, testUnseen: 2 };
    const other = await makeDigitCorpus(join(scratch, "kal"), { sizes, heldOutSpeaker: "kal" });
    expect(new Set((await readLines(other.train)).map(({ speaker }) => speaker))).toEqual(
      new Set(["awb", "slt", "rms"]),
    );
    expect((await readLines(other.testUnseen)).map(({ speaker }) => speaker)).toEqual(["kal", "kal"]);
  });

  test("is the same bytes for the same options, however many threads speak, and others for another seed", async () => {
    const first = await digests(join(scratch, "corpus"));
    await makeDigitCorpus(join(scratch, "again"), { sizes: SIZES });
    expect(await digests(join(scratch, "again"))).toEqual(first);
    await makeDigitCorpus(join(scratch, "threads"), { sizes: SIZES }, () => {}, 2);
    expect(await digests(join(scratch, "threads"))).toEqual(first);
    await makeDigitCorpus(join(scratch, "seed2"), { sizes: { train: 2, dev: 1, test: 1, testUnseen: 1 }, seed: 2 });
    const other = new Set(await digests(join(scratch, "seed2")));
    expect(first.filter((line) => other.has(line))).toEqual([]);
  });
});

describe("the cache", () => {
  const small = { sizes: { train: 2, dev: 1, test: 1, testUnseen: 1 } };
  const made: number[] = [];
  const make = async (folder: string, seed = 1) => {
    made.length = 0;
    await makeDigitCorpus(folder, { ...small, seed }, (done) => made.push(done));
    return made.length;
  };

  test("reuses a finished corpus, and remakes it for other options", async () => {
    const folder = join(scratch, "cached");
    expect(await make(folder)).toBe(5);
    const before = (await stat(join(folder, "train.jsonl"))).mtimeMs;
    expect(await make(folder)).toBe(0);
    expect((await stat(join(folder, "train.jsonl"))).mtimeMs).toBe(before);
    expect(await make(folder, 2)).toBe(5);
    expect(await make(folder, 2)).toBe(0);
  });

  test("remakes what an interrupted run or a deletion left", async () => {
    const folder = join(scratch, "interrupted");
    await expect(
      makeDigitCorpus(folder, small, (done) => {
        if (done === 3) throw new Error("stopped");
      }),
    ).rejects.toThrow("stopped");
    await expect(stat(folder)).rejects.toThrow("ENOENT");
    expect(await make(folder)).toBe(5);
    const whole = await digests(folder);
    expect((await readdir(scratch)).filter((name) => name.includes(".partial"))).toEqual([]);
    await rm(join(folder, "wav", "train_0001.wav"));
    expect(await make(folder)).toBe(5);
    expect(await digests(folder)).toEqual(whole);
  });

  test("of two at once both are right, and nothing else stays", async () => {
    const folder = join(scratch, "twice");
    await Promise.all([make(folder), make(folder)]);
    expect(await make(folder)).toBe(0);
    expect((await readdir(scratch)).filter((name) => name.startsWith("twice"))).toEqual(["twice"]);
  });

  test("what a killed process left is removed after a day", async () => {
    const folder = join(scratch, "killed");
    const [old, recent] = ["old", "recent"].map((name) => `${folder}.partial-${name}`) as [string, string];
    for (const each of [old, recent]) await mkdir(join(each, "wav"), { recursive: true });
    const twoDaysAgo = Date.now() / 1000 - 2 * 86_400;
    await utimes(join(old, "wav"), twoDaysAgo, twoDaysAgo);
    await make(folder);
    expect((await readdir(scratch)).filter((name) => name.startsWith("killed"))).toEqual(["killed", basename(recent)]);
  });

  test("never deletes a folder that is not a corpus", async () => {
    const folder = join(scratch, "recordings");
    await mkdir(folder);
    await writeFile(join(folder, "mine.wav"), "");
    await expect(make(folder)).rejects.toThrow(UserError);
    expect(await readdir(folder)).toEqual(["mine.wav"]);
    await expect(make(join(folder, "mine.wav"))).rejects.toThrow("is a file, expected a folder");
  });
});

test.each([
  [{ heldOutSpeaker: "bob" }, 'heldOutSpeaker: expected one of awb, slt, rms, kal, got "bob"'],
  [{ sizes: { ...SIZES, dev: 0 } }, "sizes.dev: expected an integer from 1 to 5000, got 0"],
  [{ snr: [20, 10] as [number, number] }, "snr: expected two numbers in dB, the lower first, got [20,10]"],
])("an unusable option is named: %j", async (options, message) => {
  await expect(makeDigitCorpus(join(scratch, "bad"), options)).rejects.toThrow(
    new UserError(`makeDigitCorpus: ${message}`),
  );
});

test("digit strings: every single digit is in train, all digits in each split, disjoint at full size", () => {
  const strings = SPLITS.map((split) =>
    digitStrings(1, split, split === "train" ? 900 : 200).map((words) => words.join(" ")),
  );
  expect(new Set(strings[0]!.filter((text) => !text.includes(" "))).size).toBe(10);
  for (const split of strings) expect(new Set(split.join(" ").split(" ")).size).toBe(10);
  const distinct = strings.map((split) => new Set(split));
  expect(new Set(distinct.flatMap((set) => [...set])).size).toBe(distinct.reduce((sum, set) => sum + set.size, 0));
});

test("every voice says every digit, longer when stretched", async () => {
  const synthesize = await loadFlite();
  for (const voice of VOICES) {
    const { pitch } = voice;
    for (const word of ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]) {
      const { samples, sampleRate } = synthesize(voice, word, { stretch: 1, pitch });
      const voiced = samples.filter((value) => Math.abs(value) > 0.05).length / sampleRate;
      expect(voiced, `${voice.voice} ${word}: seconds above -26 dB`).toBeGreaterThan(0.02);
    }
    const [quick, slow] = [0.8, 1.25].map(
      (stretch) => synthesize(voice, "four two nine", { stretch, pitch }).samples.length,
    );
    expect(slow! / quick!).toBeGreaterThan(1.35);
  }
});

test("a change of speed keeps a tone below the new Nyquist frequency and removes one above it", () => {
  const tone = (hertz: number, rate: number, length: number) =>
    Float32Array.from({ length }, (_, n) => Math.sin((2 * Math.PI * hertz * n) / rate));
  const middle = (x: Float32Array) => x.subarray(200, 600);
  const kept = middle(changeSpeed(tone(1000, 16000, 1760), (1.1 * 16000) / 8000));
  const expected = middle(tone(1100, 8000, 800)); // read out 1.1 times as fast: a higher pitch
  expect(Math.max(...kept.map((value, n) => Math.abs(value - expected[n]!)))).toBeLessThan(0.01);
  expect(Math.max(...middle(changeSpeed(tone(6000, 16000, 1600), 2)).map(Math.abs))).toBeLessThan(0.01);
});

test("noise has the asked-for ratio to the speech; pink noise falls with frequency", () => {
  const speech = Float32Array.from({ length: 4000 }, (_, n) => Math.sin(n / 3));
  const mixed = addNoise(speech, { colour: "pink", snr: 12, before: 100, after: 50, key: 9 });
  expect(mixed).toHaveLength(4150);
  const power = (x: Float32Array) => x.reduce((sum, value) => sum + value * value, 0) / x.length;
  const added = mixed.slice(100, 4100).map((value, n) => value - speech[n]!);
  expect(10 * Math.log10(power(speech) / power(added))).toBeCloseTo(12, 3);
  // The difference of neighbours has twice the power for white noise and much less of it for pink.
  const roughness = (x: Float32Array) => power(x.subarray(1).map((value, n) => value - x[n]!)) / power(x);
  expect(roughness(noise("white", 8000, 4))).toBeCloseTo(2, 0);
  expect(roughness(noise("pink", 8000, 4))).toBeLessThan(1);
});
