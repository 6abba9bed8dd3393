import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readAudio } from "../../data/audio/audio.ts";
import { readManifest } from "../../data/manifest/manifest.ts";
import { writeWav } from "../../data/audio/wav.ts";
import { build, node, type Outcome } from "../built.ts";

interface Segment {
  word: string;
  offset: number;
  duration: number;
  source: string;
}

interface Line {
  audio_filepath: string;
  duration: number;
  text: string;
  speaker: string;
  segments: Segment[];
}

const RATE = 8000;
const WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
const INDICES = [0, 4, 5, 9, 10, 49];
const EXPECTED = {
  train: { indices: [10, 49], speakers: ["george", "jackson"] },
  dev: { indices: [5, 9], speakers: ["george", "jackson"] },
  test: { indices: [0, 4], speakers: ["george", "jackson"] },
  test_unseen: { indices: INDICES, speakers: ["theo"] },
};
type Partition = keyof typeof EXPECTED;
const PARTITIONS = Object.keys(EXPECTED) as Partition[];

const folder = mkdtempSync(join(tmpdir(), "unfold-fsdd-"));
const clone = join(folder, "clone");
const out = join(folder, "out");
const OFFSET = 0.1;

const prepare = (...words: string[]): Promise<Outcome> => node(["examples/fsdd/prepare.mjs", ...words]);

const linesOf = (corpus: string, partition: Partition): Line[] =>
  readFileSync(join(corpus, `${partition}.jsonl`), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Line);

/** 60 ms of a tone of the digit's and index's own, off zero by OFFSET. */
const toneOf = (digit: number, index: number): Float32Array =>
  Float32Array.from(
    { length: 480 + 10 * digit },
    (_, n) => OFFSET + 0.3 * Math.sin((2 * Math.PI * (200 + 50 * digit + index) * n) / RATE),
  );

/** 30 ms loud and 30 ms at 4 + digit steps of 16 bits, RMS: a recording whose noise floor is known. */
const quietEnd = (digit: number): Float32Array =>
  Float32Array.from({ length: 480 }, (_, n) => (n % 2 ? 1 : -1) * (n < 240 ? 0.2 : (4 + digit) / 32768));

async function writeClone(): Promise<void> {
  const recordings = join(clone, "recordings");
  mkdirSync(recordings, { recursive: true });
  for (const speaker of ["george", "jackson", "theo"]) {
    for (const digit of WORDS.keys()) {
      for (const index of INDICES) {
        await writeWav(
          join(recordings, `${digit}_${speaker}_${index}.wav`),
          speaker === "theo" ? quietEnd(digit) : toneOf(digit, index),
          RATE,
        );
      }
    }
  }
  writeFileSync(join(recordings, "notes.txt"), "not a recording");
  writeFileSync(join(recordings, "1_somebody_0.wav"), "nor is this one of the six speakers'");
}

let outcome: Outcome;
beforeAll(async () => {
  build();
  await writeClone();
  outcome = await prepare(clone, out);
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("examples/fsdd/prepare.mjs", () => {
  it("says what it made, and that recordings are missing", () => {
    expect(outcome.status).toBe(0);
    expect(outcome.stderr).toMatch(/^prepare: warning: .* has 180 of FSDD's 3000 recordings\n$/);
    expect(outcome.stdout.match(/^\w+: \d+ strings, (\d+) digits, 0\.\d+ h$/gm)).toHaveLength(4);
    expect([...outcome.stdout.matchAll(/(\d+) digits/g)].map(([, digits]) => digits)).toEqual(["40", "40", "40", "60"]);
  });

  it.each(PARTITIONS)(
    "%s uses each recording of its indices and speakers once, in strings of one speaker and 1 to 7 digits",
    (partition) => {
      const { indices, speakers } = EXPECTED[partition];
      const lines = linesOf(out, partition);
      const expected = speakers.flatMap((speaker) =>
        indices.flatMap((index) => WORDS.map((_, digit) => `${digit}_${speaker}_${index}.wav`)),
      );
      expect(lines.flatMap(({ segments }) => segments.map(({ source }) => source)).sort()).toEqual(expected.sort());
      for (const { text, speaker, segments } of lines) {
        expect(segments.length).toBeGreaterThanOrEqual(1);
        expect(segments.length).toBeLessThanOrEqual(7);
        expect(text).toBe(segments.map(({ word }) => word).join(" "));
        for (const { word, source } of segments)
          expect(source.startsWith(`${WORDS.indexOf(word)}_${speaker}_`)).toBe(true);
      }
    },
  );

  it("shuffles: digits do not follow one another in order, and strings differ in length", () => {
    const lines = PARTITIONS.flatMap((partition) => linesOf(out, partition));
    expect(new Set(lines.map(({ segments }) => segments.length)).size).toBeGreaterThan(3);
    const pairs = lines.flatMap(({ segments }) =>
      segments.slice(1).map(({ source }, i) => source > segments[i]!.source),
    );
    expect(pairs.filter(Boolean).length / pairs.length).toBeGreaterThan(0.25);
    expect(pairs.filter(Boolean).length / pairs.length).toBeLessThan(0.75);
  });

  it.each(PARTITIONS)("%s is a manifest that training reads, with the files' own durations", async (partition) => {
    const { entries, warnings } = await readManifest(join(out, `${partition}.jsonl`));
    expect(warnings).toEqual([]);
    expect(entries).toHaveLength(linesOf(out, partition).length);
    for (const { audioPath, duration, speaker } of entries) {
      const { samples, originalRate } = await readAudio(audioPath, RATE);
      expect(originalRate).toBe(RATE);
      expect(samples.length / RATE).toBe(duration);
      expect(EXPECTED[partition].speakers).toContain(speaker);
    }
  });

  it("joins digits without mean and with faded ends by pauses of quiet noise", async () => {
    for (const { audio_filepath, duration, segments } of linesOf(out, "dev")) {
      const { samples } = await readAudio(join(out, audio_filepath), RATE);
      const pauses: number[] = [];
      let end = 0;
      for (const [i, { word, offset, duration: length, source }] of segments.entries()) {
        expectPause(end, offset, i === 0);
        pauses.push(...pieceOf(samples, end, offset));
        const tone = toneOf(WORDS.indexOf(word), Number(/_(\d+)\.wav$/.exec(source)![1]));
        expect(length).toBe(tone.length / RATE);
        const mean = tone.reduce((sum, sample) => sum + sample, 0) / tone.length;
        const start = Math.round(offset * RATE);
        const inside = Array.from(tone.subarray(40, -40), (sample, n) =>
          Math.abs(samples[start + 40 + n]! - (sample - mean)),
        );
        expect(Math.max(...inside)).toBeLessThan(1 / 32768);
        for (const edge of [start, start + tone.length - 1]) expect(Math.abs(samples[edge]!)).toBeLessThan(0.4 / 40);
        end = offset + length;
      }
      expectPause(end, duration, true);
      // The tones have no quiet part, so the noise is as loud as it may be.
      expect(Math.abs(stepsRms([...pauses, ...pieceOf(samples, end, duration)]) / 20 - 1)).toBeLessThan(0.1);
    }
  });

  it("takes the noise's level from the quietest recording of a string", async () => {
    const lines = linesOf(out, "test_unseen");
    for (const { audio_filepath, segments } of lines) {
      const { samples } = await readAudio(join(out, audio_filepath), RATE);
      const quietest = Math.min(...segments.map(({ word }) => 4 + WORDS.indexOf(word)));
      expect(Math.abs(stepsRms(pieceOf(samples, 0, segments[0]!.offset)) / quietest - 1)).toBeLessThan(0.1);
    }
  });

  it("makes the same corpus again, byte for byte", async () => {
    const again = join(folder, "again");
    expect((await prepare(clone, again)).stdout).toBe(outcome.stdout);
    const files = readdirSync(out, { recursive: true, encoding: "utf8" }).filter((path) => /\.(wav|jsonl)$/.test(path));
    expect(files.length).toBeGreaterThan(20);
    for (const path of files) expect(readFileSync(join(again, path)).equals(readFileSync(join(out, path)))).toBe(true);
  });
});

function expectPause(from: number, to: number, atEnd: boolean): void {
  const [shortest, longest] = atEnd ? [0.1, 0.2] : [0.05, 0.25];
  expect(to - from).toBeGreaterThan(shortest - 1 / RATE);
  expect(to - from).toBeLessThan(longest + 1 / RATE);
}

const pieceOf = (samples: Float32Array, from: number, to: number): Float32Array =>
  samples.subarray(Math.round(from * RATE), Math.round(to * RATE));

/** In steps of 16 bits. */
const stepsRms = (noise: ArrayLike<number>): number =>
  32768 * Math.sqrt(Array.from(noise).reduce((sum, sample) => sum + sample ** 2, 0) / noise.length);

describe("examples/fsdd/prepare.mjs, used wrongly,", () => {
  const unused = join(folder, "unused");

  it("prints its usage with one sentence", async () => {
    const { status, stdout, stderr } = await prepare(clone);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toMatch(
      /^prepare: expected two folders, got 1 argument\n\nusage: node examples\/fsdd\/prepare\.mjs FSDD_CLONE OUT\n/,
    );
    expect((await prepare("--help")).stdout).toMatch(/^usage: /);
  });

  it.each([
    [
      "a folder that is no clone",
      () => [folder, unused],
      /recordings cannot be read \(ENOENT\), expected FSDD's recordings there$/,
    ],
    [
      "a clone without a partition",
      () => [cloneWith("part", { "7_george_12.wav": "" }), unused],
      /has no recording for dev, expected WAV files/,
    ],
    [
      "a damaged recording",
      () => [
        cloneWith("damaged", {
          "1_george_0.wav": "RIFF",
          "1_george_5.wav": "RIFF",
          "1_george_10.wav": "RIFF",
          "1_theo_0.wav": "RIFF",
        }),
        unused,
      ],
      /1_george_10\.wav is a damaged or truncated WAV file/,
    ],
    ["a folder in use", () => [clone, clone], /clone is not empty and was left alone, name a new or empty folder$/],
    [
      "a file in place of a folder",
      () => [clone, join(clone, "recordings", "notes.txt")],
      /notes\.txt cannot be used \(ENOTDIR\), name a new or empty folder$/,
    ],
  ])("names %s and writes nothing", async (_, folders, message) => {
    const { status, stdout, stderr } = await prepare(...folders());
    const [sentence, ...more] = stderr
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("prepare: warning"));
    expect({ status, stdout, more }).toEqual({ status: 2, stdout: "", more: [] });
    expect(sentence).toMatch(message);
    expect(existsSync(unused)).toBe(false);
  });
});

function cloneWith(name: string, files: Record<string, string>): string {
  mkdirSync(join(folder, name, "recordings"), { recursive: true });
  for (const [file, content] of Object.entries(files)) writeFileSync(join(folder, name, "recordings", file), content);
  return join(folder, name);
}
