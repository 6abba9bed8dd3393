import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readLog, type LogRecord } from "../../train/log/log.ts";
import { parseSafetensors, serialiseSafetensors } from "../../checkpoint/safetensors/safetensors.ts";
import { writeWav } from "../../data/audio/wav.ts";
import { build, unfold, type Outcome } from "../built.ts";
import { corpusLines, writeManifest, writeSmallCorpus } from "../small_corpus.ts";
import { train, WRONG } from "./wrong_commands.ts";

/*
 * What a user can get wrong, on the command line: one sentence that names it (one for each fault of a config), 2 where the
 * input is wrong, 1 where the run failed, and a finished run in the folder that is the same afterwards.
 */

let folder: string;
let runBefore: string;
const at = (name: string): string => join(folder, name);

beforeAll(async () => {
  build();
  folder = mkdtempSync(join(tmpdir(), "unfold-bad-input-"));
  await writeSmallCorpus(folder);
  const { status, stderr } = await unfold(["train", at("config.yaml"), "--out", at("run"), "--set", "steps=3"]);
  expect({ status, stderr }).toMatchObject({ status: 0 });
  await writeBadAudio();
  writeBadManifests();
  writeBadCheckpoints();
  writeFileSync(at("faults.yaml"), readFileSync(at("config.yaml"), "utf8") + "epochs: many\nbach: {}\nseed: -1\n");
  runBefore = fingerprint();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const fingerprint = (): string =>
  readdirSync(at("run"))
    .sort()
    .map(
      (name) =>
        `${name} ${createHash("sha256")
          .update(readFileSync(join(at("run"), name)))
          .digest("hex")}`,
    )
    .join("\n");

async function writeBadAudio(): Promise<void> {
  const wav = readFileSync(at("u0.wav"));
  writeFileSync(at("empty.wav"), "");
  writeFileSync(at("half.wav"), wav.subarray(0, wav.length >> 1));
  writeFileSync(at("text.wav"), "this is not a recording");
  await writeWav(at("silent.wav"), new Float32Array(), 8000);
  await writeWav(at("click.wav"), new Float32Array(300), 8000);
}

function writeBadManifests(): void {
  const lines = corpusLines();
  const withLast = (file: string, audio_filepath: string): void =>
    writeManifest(at(file), [...lines, { audio_filepath, text: "a" }]);
  withLast("missing.jsonl", "nothing.wav");
  withLast("half.jsonl", "half.wav");
  withLast("silent.jsonl", "silent.wav");
  writeManifest(at("not_json.jsonl"), [lines[0]!, "{'audio_filepath': 'u1.wav'}", lines[2]!]);
  writeManifest(at("no_text.jsonl"), [JSON.stringify({ audio_filepath: "u0.wav" })]);
  writeManifest(at("no_lines.jsonl"), []);
  writeManifest(at("all_short.jsonl"), [{ audio_filepath: "u0.wav", text: "ab".repeat(40) }]);
  writeManifest(at("other_letter.jsonl"), lines.with(3, { ...lines[3]!, text: "b\u00f6" }));
  writeManifest(at("one_less.jsonl"), lines.slice(1));
  writeManifest(at("warned.jsonl"), [
    ...lines.slice(0, 4),
    lines[0]!,
    { ...lines[4]!, duration: 1.5 },
    { ...lines[5]!, text: "ab".repeat(40) },
  ]);
  writeManifest(at("other_dev.jsonl"), [{ audio_filepath: "u0.wav", text: "a\u00f6" }, lines[1]!]);
}

/** The trained checkpoint with other tensors or another header. */
function writeBadCheckpoints(): void {
  const good = readFileSync(at("run/last.safetensors"));
  const { tensors, metadata } = parseSafetensors(good, "last.safetensors");
  const state = JSON.parse(metadata["unfold"]!) as { config: { model: object; features: object } };
  const withState = (changes: object): Record<string, string> => ({ unfold: JSON.stringify({ ...state, ...changes }) });
  const { config } = state;

  writeFileSync(at("half.safetensors"), good.subarray(0, good.length >> 1));
  mkdirSync(at("locked"));
  writeFileSync(
    at("locked/run.lock"),
    JSON.stringify({ pid: process.pid, host: hostname(), since: "2026-01-02T03:04:05Z", birth: null }),
  );
  mkdirSync(at("cut"));
  writeFileSync(at("cut/last.safetensors"), good.subarray(0, good.length >> 1));
  writeFileSync(at("empty.safetensors"), "");
  writeFileSync(at("foreign.safetensors"), serialiseSafetensors(tensors, { made_by: "somebody" }));
  writeFileSync(at("no_config.safetensors"), serialiseSafetensors(tensors, withState({ config: null })));
  writeFileSync(
    at("other_shape.safetensors"),
    serialiseSafetensors(tensors, withState({ config: { ...config, model: { ...config.model, dim: 32 } } })),
  );
  writeFileSync(
    at("other_bins.safetensors"),
    serialiseSafetensors(tensors, withState({ cmvn: { frames: 1, mean: [0], variance: [1] } })),
  );
  writeFileSync(
    at("one_less.safetensors"),
    serialiseSafetensors(new Map([...tensors].filter(([name]) => name !== "ctc_lo.bias")), metadata),
  );

  const headerBytes = Number(good.readBigUInt64LE(0));
  const header = JSON.parse(good.subarray(8, 8 + headerBytes).toString()) as Record<
    string,
    { shape: number[]; data_offsets: [number, number] }
  >;
  const last = Object.values(header).reduce((a, b) =>
    (b.data_offsets?.[1] ?? 0) > (a.data_offsets?.[1] ?? 0) ? b : a,
  );
  last.data_offsets = [last.data_offsets[0] + 2 ** 30, last.data_offsets[1] + 2 ** 30];
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  writeFileSync(at("beyond.safetensors"), Buffer.concat([length, json, good.subarray(8 + headerBytes)]));
}

/** Paths in `words` after "@" and in what comes back are relative to the test's folder. */
async function run(words: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Outcome> {
  const outcome = await unfold(
    words.map((word) => word.replace(/^(.*=)?@/u, (_, key: string | undefined) => `${key ?? ""}${folder}/`)),
    env,
  );
  return {
    ...outcome,
    stdout: outcome.stdout.replaceAll(`${folder}/`, ""),
    stderr: outcome.stderr.replaceAll(`${folder}/`, ""),
  };
}

/** What the program says of the fault: stderr without what was read before, the memory plan, and what the Vulkan loader says. */
function complaint({ stdout, stderr }: Outcome): string[] {
  expect(stdout).toBe("");
  return stderr
    .replace(/^device memory of the largest batch[^]*?^Available: .+$/mu, "")
    .split("\n")
    .filter((line) => line !== "" && !/^reading \w+: \d+ of \d+ in |^Warning: loader_/u.test(line));
}

describe("one sentence and exit code 2 for", () => {
  // Those that train in the folder of the run one after another: it is locked meanwhile.
  const inRun = ([, words]: (typeof WRONG)[number]): boolean => words[0] === "train" && words.includes("@run");
  it.each(WRONG.filter(inRun))("%s", isRefused);
  it.concurrent.each(WRONG.filter((row) => !inRun(row)))("%s", isRefused);

  async function isRefused(_: string, words: string[], message: RegExp): Promise<void> {
    const outcome = await run(words);
    const [line, ...others] = complaint(outcome);
    expect({ status: outcome.status, others }).toEqual({ status: 2, others: [] });
    expect(line).toMatch(/^unfold: /u);
    expect(line!.slice("unfold: ".length)).toMatch(message);
  }

  it.concurrent("each fault of a config", async () => {
    const outcome = await run(["train", "@faults.yaml"]);
    expect(outcome.status).toBe(2);
    expect(complaint(outcome)).toEqual([
      expect.stringMatching(/^unfold: faults\.yaml, line \d+: seed: expected a whole number from 0, got -1\.$/),
      expect.stringMatching(/^unfold: faults\.yaml, line \d+: epochs: expected a whole number from 1, got "many"\.$/),
      expect.stringMatching(/^unfold: faults\.yaml, line \d+: bach is not a key; the nearest valid one is batch\.$/),
    ]);
  });
});

describe("one sentence and exit code 1 where", () => {
  it("there is no adapter", async () => {
    const outcome = await run(train(), {
      UNFOLD_DRIVER: "system",
      VK_ICD_FILENAMES: "/no/such/icd.json",
      VK_DRIVER_FILES: undefined,
    });
    expect(complaint(outcome)).toEqual([
      expect.stringMatching(/^unfold: no WebGPU adapter of kind 'system' was found: install /),
    ]);
    expect(outcome.status).toBe(1);
  });

  it("the loss becomes NaN: step, utterances and weights are named, and nothing else is written over", async () => {
    const outcome = await run(["train", "@config.yaml", "--out", "@diverged", "--set", "optimizer.learning_rate=1e30"]);
    expect(complaint(outcome)).toEqual([
      expect.stringMatching(
        /^unfold: the loss became NaN at step 2, in the batch of u\d, u\d: first -?(NaN|Infinity) in \w+( of '.+')? for \w[^;]+; the current weights are in diverged\/diverged\.safetensors, the last good checkpoint is untouched$/,
      ),
    ]);
    expect(outcome.status).toBe(1);
    expect(
      readdirSync(at("diverged"))
        .filter((name) => /^(last|best|diverged)/u.test(name))
        .sort(),
    ).toEqual(["diverged.json", "diverged.safetensors", "last.json", "last.safetensors"]);
    expect(JSON.parse(readFileSync(at("diverged/last.json"), "utf8"))).toMatchObject({ step: 0 });
    expect(readLog(at("diverged/log.jsonl")).at(-1)).toMatchObject({
      type: "end",
      reason: expect.stringMatching(/^the loss became NaN/) as string,
    });
  });
});

describe("a warning, and training goes on", () => {
  let outcome: Outcome;
  let records: LogRecord[];
  beforeAll(async () => {
    outcome = await run([
      "train",
      "@config.yaml",
      "--out",
      "@new",
      "--set",
      "steps=1",
      "--set",
      "data.train=warned.jsonl",
      "--set",
      "data.dev=other_dev.jsonl",
    ]);
    records = readLog(at("new/log.jsonl"));
  });

  it.each([
    [
      "a duplicate",
      "train: warned.jsonl, line 5: u0 has the same audio and text as warned.jsonl, line 1 and is dropped",
    ],
    [
      "a wrong sample count",
      "train: u4: wrong sample count: 5200 samples at 8000 Hz (0.65 s), the manifest's 1.50 s would be 12000",
    ],
    [
      "an utterance too short for its text",
      "train: skipped 1 of 6 utterances: u5 (too short for its text: 16 frames after subsampling, but CTC needs 80 for its 80 labels)",
    ],
    [
      "a letter of dev that train does not have",
      "dev: 1 of 2 texts have characters that the model does not know and counts as errors: 'ö' (first in other_dev.jsonl, line 1)",
    ],
  ])("%s is named on stderr and in the log", (_, message) => {
    expect(outcome.stderr.split("\n")).toContain(`warning: ${message}`);
    const logged = records.flatMap((record) =>
      record.type === "warning" ? record.message.replaceAll(`${folder}/`, "") : [],
    );
    expect(logged).toContain(message);
  });

  it("the rest is trained on", () => {
    expect(outcome.status).toBe(0);
    expect(records).toContainEqual(expect.objectContaining({ type: "step", step: 1, skipped: 1 }));
    expect(records.at(-1)).toEqual({ type: "end", reason: "finished" });
  });
});

it("nothing of this changed the finished run", () => {
  expect(fingerprint()).toBe(runBefore);
});
