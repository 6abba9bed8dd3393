import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DataReport } from "../../data/check/report.ts";
import { build, unfold } from "../built.ts";
import { corpusLines, writeManifest, writeSmallCorpus } from "../small_corpus.ts";

let folder: string;
const at = (name: string): string => join(folder, name);

beforeAll(async () => {
  build();
  folder = mkdtempSync(join(tmpdir(), "unfold-data-"));
  await writeSmallCorpus(folder);
  mkdirSync(at("kaldi"));
  writeFileSync(at("kaldi/wav.scp"), `rec ${at("u0.wav")}\n`);
  writeFileSync(at("kaldi/segments"), "one rec 0 0.25\ntwo rec 0.25 0.5\n");
  writeFileSync(at("kaldi/text"), "one A\ntwo B\n");
  mkdirSync(at("pipes"));
  writeFileSync(at("pipes/wav.scp"), "rec cat a.wav |\n");
  writeFileSync(at("pipes/text"), "rec a\n");
  writeManifest(at("faulty.jsonl"), [...corpusLines(), { audio_filepath: "none.wav", text: "a" }]);
  writeManifest(at("broken.jsonl"), ["{"]);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it("a Kaldi folder becomes a manifest that is checked without a fault", async () => {
  const imported = await unfold(["data", "import", "kaldi", at("kaldi"), "--out", at("kaldi.jsonl"), "--lowercase"]);
  expect(imported).toEqual({ status: 0, stdout: `${at("kaldi.jsonl")}: 2 utterances, 1 files, 1 s\n`, stderr: "" });
  const { status, stdout } = await unfold([
    "data",
    "check",
    at("kaldi.jsonl"),
    "--config",
    at("config.yaml"),
    "--json",
  ]);
  expect(status).toBe(0);
  expect(JSON.parse(stdout) as DataReport).toMatchObject({
    utterances: 2,
    durations: { min: 0.25, max: 0.25 },
    faults: [],
    remarks: [],
    vocabulary: { words: 2 },
  });
});

it("faults end with exit code 1 and are in the table", async () => {
  const { status, stdout } = await unfold(["data", "check", at("faulty.jsonl")]);
  expect(status).toBe(1);
  expect(stdout).toContain(`unreadable: 1\n  ${at("faulty.jsonl")}, line 7: none: ${at("none.wav")} does not exist\n`);
});

it("statistics are written and summed up in one line", async () => {
  const { status, stdout } = await unfold([
    "data",
    "stats",
    at("train.jsonl"),
    "--config",
    at("config.yaml"),
    "--out",
    at("cmvn.json"),
  ]);
  expect(status).toBe(0);
  expect(stdout.replaceAll(`${folder}/`, "")).toMatch(
    /^cmvn\.json: [\d,]+ frames of 6 utterances \(4 s\), 10 bins, mean -?[\d.]+ to -?[\d.]+, standard deviation [\d.]+ to [\d.]+\n$/,
  );
  expect((JSON.parse(readFileSync(at("cmvn.json"), "utf8")) as { mean: number[] }).mean.length).toBe(10);
});

describe("bad input: one sentence, exit code 2, nothing written", () => {
  const cases: [what: string, words: string[], message: RegExp][] = [
    [
      "a pipe",
      ["import", "kaldi", "@pipes", "--out", "@new.jsonl"],
      /^pipes\/wav\.scp, line 1: 'cat a\.wav \|' is a command, and commands are not run: /,
    ],
    [
      "an unknown kind",
      ["import", "timit", "@kaldi", "--out", "@new.jsonl"],
      /'timit' is invalid for argument 'kind'\. Allowed choices are kaldi, librispeech, commonvoice, audiofolder, jsonl\.$/,
    ],
    ["a broken manifest", ["check", "@broken.jsonl"], /^broken\.jsonl, line 1: not JSON: /],
  ];
  it.each(cases)("%s", async (_, words, message) => {
    const before = readdirSync(folder);
    const { status, stdout, stderr } = await unfold([
      "data",
      ...words.map((word) => word.replace(/^@/u, `${folder}/`)),
    ]);
    const lines = stderr
      .replaceAll(`${folder}/`, "")
      .trim()
      .split("\n")
      .filter((line) => !line.startsWith("reading audio: "));
    expect({ status, stdout, lines: lines.length }).toEqual({ status: 2, stdout: "", lines: 1 });
    expect(lines[0]?.replace(/^unfold: /u, "")).toMatch(message);
    expect(readdirSync(folder)).toEqual(before);
  });
});
