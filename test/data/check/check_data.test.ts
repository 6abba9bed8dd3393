import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadConfig } from "../../../checkpoint/load_config.ts";
import { checkData } from "../../../data/check/check_data.ts";
import { durationsOf, type DataReport } from "../../../data/check/report.ts";
import { examineSound } from "../../../data/check/sound.ts";
import { dataTable } from "../../../data/check/table.ts";
import { writeWav } from "../../../data/audio/wav.ts";
import { trainTokenizer } from "../../../data/tokenizer/train_tokenizer.ts";
import { silentObserver } from "../../../train/run/run_observer.ts";
import { corpusLines, writeManifest, writeSmallCorpus, type ManifestLine } from "../../small_corpus.ts";
import { littleEndian, wavFile } from "../audio/wav_file.ts";

let folder: string;
const at = (name: string) => join(folder, name);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "unfold-check-"));
  await writeSmallCorpus(folder);
  const noise = (scale: number, seed: number) =>
    Float32Array.from({ length: 6000 }, (_, i) => scale * Math.sin(i * i * seed));
  await writeWav(at("zero.wav"), new Float32Array(6000).fill(0.25), 8000);
  await writeWav(at("quiet.wav"), noise(0.001, 1), 8000);
  await writeWav(
    at("clipped.wav"),
    Float32Array.from({ length: 6000 }, (_, i) => Math.max(-1, Math.min(1, 3 * Math.sin(i / 20)))),
    8000,
  );
  await writeWav(at("wide.wav"), noise(0.1, 3), 16000);
  copyFileSync(at("u1.wav"), at("copy.wav"));
  writeFileSync(at("broken.wav"), "no audio");
});
afterAll(() => rmSync(folder, { recursive: true }));

async function check(lines: (ManifestLine | string)[], config: string | null = "config.yaml"): Promise<DataReport> {
  writeManifest(at("m.jsonl"), lines);
  return checkData(at("m.jsonl"), config === null ? null : loadConfig(at(config)), { observer: silentObserver });
}

const line = (audio_filepath: string, text: string, more = {}): ManifestLine => ({ audio_filepath, text, ...more });
const faultsOf = ({ faults }: DataReport) =>
  faults.map(({ kind, id, reason }) => [kind, id, reason.replaceAll(`${folder}/`, "")]);

test("a corpus without faults", async () => {
  const report = await check(corpusLines());
  expect(report).toMatchObject({
    utterances: 6,
    speakers: 0,
    sampleRates: [{ hz: 8000, utterances: 6 }],
    faults: [],
    remarks: [],
    units: { kind: "characters", size: 4 },
  });
  expect(report.hours * 3600).toBeCloseTo((6 * 4000 + 300 * 15) / 8000, 10);
  expect(report.durations).toMatchObject({ min: 0.5, median: 0.575, max: 0.6875 });
  expect(report.vocabulary).toEqual({
    words: 6,
    distinctWords: 6,
    emptyTexts: 0,
    characters: [
      { character: "a", count: 6 },
      { character: "b", count: 6 },
    ],
  });
  expect(dataTable(report)).toMatch(/\nno faults$/);
});

describe("faults", () => {
  test("what cannot be read, is too short for its text or of another duration", async () => {
    const report = await check([
      line("u0.wav", "ab"),
      line("broken.wav", "a"),
      line("none.wav", "a"),
      line("u2.wav", "ab".repeat(30)),
      line("u3.wav", "b", { duration: 2 }),
    ]);
    expect(faultsOf(report)).toEqual([
      [
        "unreadable",
        "broken",
        "broken.wav is not a supported audio file: expected WAV, AIFF, FLAC, MP3, Ogg Vorbis or Ogg Opus",
      ],
      ["unreadable", "none", "none.wav does not exist"],
      [
        "too short",
        "u2",
        expect.stringMatching(
          /^too short for its text: 13 frames after subsampling, but CTC needs 60 for its 60 labels$/,
        ),
      ],
      ["wrong duration", "u3", expect.stringMatching(/^wrong sample count: 4900 samples at 8000 Hz/)],
    ]);
    expect(report.faults.map(({ source }) => source)).toEqual([2, 3, 4, 5].map((n) => `${at("m.jsonl")}, line ${n}`));
    expect(dataTable(report)).toContain(`unreadable: 2\n  ${at("m.jsonl")}, line 2: broken: `);
  });

  test("duplicates: lines, copies of files, other texts; pieces of one file are none", async () => {
    const piece = (offset: number) => line("u0.wav", "a", { offset, duration: 0.2 });
    const report = await check([
      line("u0.wav", "ab"),
      line("u0.wav", "ab"),
      line("u1.wav", "b"),
      line("copy.wav", "b"),
      line("u0.wav", "ba"),
      piece(0),
      piece(0.25),
    ]);
    expect(faultsOf(report)).toEqual([
      ["duplicate", "u0", "has the same audio and text as u0 (m.jsonl, line 1)"],
      ["duplicate", "copy", "has the same audio and text as u1 (m.jsonl, line 3)"],
      ["duplicate", "u0", "has the same audio as u0 (m.jsonl, line 1), but a different text"],
    ]);
  });

  test("silence: all samples equal, or below -60 dBFS", async () => {
    expect(faultsOf(await check([line("zero.wav", "a"), line("quiet.wav", "b")]))).toEqual([
      ["silent", "zero", "all samples are equal"],
      ["silent", "quiet", expect.stringMatching(/^its level is -6[23]\.\d dBFS$/)],
    ]);
  });

  test("characters that the config's tokenizer lacks", async () => {
    await trainTokenizer({
      manifests: [at("train.jsonl")],
      kind: "characters",
      size: null,
      out: at("tokenizer.json"),
      observer: silentObserver,
    });
    writeFileSync(
      at("bpe.yaml"),
      `${readFileSync(at("config.yaml"), "utf8")}units: { kind: bpe, tokenizer: tokenizer.json }\n`,
    );
    expect(faultsOf(await check([line("u0.wav", "ab"), line("u1.wav", "a\u00df")], "bpe.yaml"))).toEqual([
      ["unknown character", "u1", "no unit spells '\u00df'"],
    ]);
  });
});

describe("remarks, which are no faults", () => {
  test("mixed sample rates, several channels, clipping, empty texts", async () => {
    const stereo = fileURLToPath(new URL("../../fixtures/audio/tone_vorbis.ogg", import.meta.url));
    const report = await check([
      line("u0.wav", "ab"),
      line("wide.wav", ""),
      line("clipped.wav", "b"),
      line(stereo, "b"),
    ]);
    expect(report.faults).toEqual([]);
    expect(report.remarks).toEqual([
      "mixed sample rates: 8000 Hz (2), 16000 Hz (2); all are resampled to 8000 Hz",
      "1 of 4 have several channels, which are averaged: tone_vorbis",
      "1 of 4 are clipped: clipped",
      "1 texts are empty",
    ]);
  });

  test("audio below the rate of training; without a config it is 16 kHz", async () => {
    expect((await check(corpusLines(), null)).remarks).toEqual([
      "audio of 8000 Hz is resampled to 16000 Hz",
      "6 of 6 have a lower sample rate than the 16000 Hz of training, so no sound above half of it: u0, u1, u2 and 3 more",
    ]);
  });
});

test("level: a full-scale square wave has 0 dBFS, an offset does not count", () => {
  const square = Float32Array.from({ length: 1000 }, (_, i) => (i % 2 === 0 ? 0.5 : 0.25));
  expect(examineSound({ samples: square, sampleRate: 8000, channels: 1 }).dbfs).toBeCloseTo(20 * Math.log10(0.125), 6);
});

test("clipping: three or more equal samples at full scale", () => {
  const clipped = (...samples: number[]) =>
    examineSound({ samples: Float32Array.from(samples), sampleRate: 8000, channels: 1 }).clipped;
  expect(clipped(0, 1, 1, 1, 0, -1, -1, -1, -1, 1)).toBe(7);
  expect(clipped(0, 1, 1, 0, 1, 1, -1)).toBe(0);
  expect(clipped(0, 0.5, 0.5, 0.5, 0)).toBe(0);
});

test("percentiles by nearest rank", () => {
  const seconds = Array.from({ length: 100 }, (_, i) => ((i * 37) % 100) + 1);
  expect(durationsOf(seconds)).toEqual({ min: 1, p5: 5, p25: 25, median: 50, p75: 75, p95: 95, max: 100 });
  expect(durationsOf([])).toBeNull();
});

test("pieces beyond the end are unreadable, not fatal", async () => {
  expect(faultsOf(await check([line("u0.wav", "a", { offset: 0.4, duration: 1 })]))).toEqual([
    ["unreadable", "u0@0.4", "u0.wav is 0.5 s long, but the piece goes from 0.4 s to 1.4 s"],
  ]);
});

describe("audio that does not fit its header", () => {
  const data = littleEndian(
    Array.from({ length: 6000 }, (_, i) => Math.round(9000 * Math.sin(i / 9))),
    2,
  );

  test("what was decided or left out is remarked once a file, with its line", async () => {
    writeFileSync(at("pipe.wav"), wavFile(data, { dataBytes: 0x7ffff000 }));
    writeFileSync(at("behind.wav"), wavFile(data.subarray(0, 9000), { behind: [Buffer.alloc(700, 1)] }));
    const piece = (offset: number) => line("pipe.wav", "a", { offset, duration: 0.2 });
    const report = await check([line("u0.wav", "ab"), piece(0), piece(0.25), line("behind.wav", "b")]);
    expect(report.faults).toEqual([]);
    expect(report.recordings).toEqual([
      {
        id: "pipe",
        source: `${at("m.jsonl")}, line 2`,
        remark: "its header does not say how long it is (0x7ffff000 bytes), so it is read to its end",
      },
      { id: "behind", source: `${at("m.jsonl")}, line 4`, remark: "700 bytes behind its samples are left out" },
    ]);
    expect(dataTable(report)).toContain(
      `\nremark: ${at("m.jsonl")}, line 4: behind: 700 bytes behind its samples are left out\nno faults`,
    );
  });

  test("what contradicts itself is unreadable, and the others are checked", async () => {
    writeFileSync(at("odd.wav"), wavFile(data, { align: 3 }));
    const report = await check([line("odd.wav", "a"), line("u0.wav", "ab"), line("u0.wav", "ab", { duration: 9 })]);
    expect(faultsOf(report).map(([kind]) => kind)).toEqual(["duplicate", "unreadable"]);
    expect(report.durations?.max).toBeCloseTo(0.5);
  });

  test("of many remarks the table has the first", async () => {
    const lines = Array.from({ length: 12 }, (_, i) => {
      writeFileSync(at(`pipe${i}.wav`), wavFile(data.subarray(2 * i), { dataBytes: 0 }));
      return line(`pipe${i}.wav`, "a");
    });
    const report = await check(lines);
    expect(report.recordings.length).toBe(12);
    const table = dataTable(report);
    expect(table.match(/its header does not say how long/gu)?.length).toBe(10);
    expect(table).toContain("remark: 2 more such remarks about audio files\n");
  });
});
