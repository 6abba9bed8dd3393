import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readLog, type LogRecord } from "../../train/log.ts";
import { parseSafetensors, serialiseSafetensors } from "../../train/safetensors.ts";
import { writeWav } from "../../train/data/wav.ts";
import { build, unfold, type Outcome } from "../built.ts";
import { corpusLines, writeManifest, writeSmallCorpus } from "../small_corpus.ts";

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
    .replace(/^device memory of the largest batch[^]*?^There are .+$/mu, "")
    .split("\n")
    .filter((line) => line !== "" && !/^reading \w+: \d+ of \d+ in |^Warning: loader_/u.test(line));
}

/** Each in a folder of its own: they run at once, and some lock theirs before they fail. */
let folders = 0;
const train = (...words: string[]): string[] => ["train", "@config.yaml", "--out", `@new${folders++}`, ...words];
const resume = (...words: string[]): string[] => [
  "train",
  "@config.yaml",
  "--set",
  "steps=3",
  "--out",
  "@run",
  "--resume",
  ...words,
];

const WRONG: [name: string, words: string[], message: RegExp][] = [
  ["a missing file", ["transcribe", "@run", "@nothing.wav"], /^nothing\.wav does not exist\.$/],
  ["an empty file", ["transcribe", "@run", "@empty.wav"], /^empty\.wav is empty: it has 0 bytes\.$/],
  [
    "a file that is cut short",
    ["transcribe", "@run", "@half.wav"],
    /^half\.wav is cut short: its header announces 8000 bytes of samples, 3978 are there\.$/,
  ],
  [
    "a file that is no audio",
    ["transcribe", "@run", "@text.wav"],
    /^text\.wav is not audio that can be read, which is WAV, FLAC, MP3, Ogg Vorbis and Ogg Opus\.$/,
  ],
  ["a folder", ["transcribe", "@run", "@run"], /run is a folder, not an audio file\.$/],
  [
    "audio without a sample",
    ["transcribe", "@run", "@silent.wav"],
    /^silent\.wav holds no audio: its length is 0 samples\.$/,
  ],
  ["audio too short for a frame", ["transcribe", "@run", "@click.wav"], /^click\.wav: 37 ms of audio are too short/],
  [
    "a manifest with a missing file",
    train("--set", "data.train=missing.jsonl"),
    /^missing\.jsonl, line 7: nothing\.wav does not exist\.$/,
  ],
  [
    "a manifest with a file cut short",
    ["eval", "@run", "@half.jsonl"],
    /^half\.jsonl, line 7: half\.wav is cut short: /,
  ],
  [
    "a manifest with audio without a sample",
    ["eval", "@run", "@silent.jsonl"],
    /^silent\.jsonl, line 7: silent\.wav holds no audio/,
  ],
  [
    "a missing manifest",
    ["eval", "@run", "@nothing.jsonl"],
    /^cannot read the manifest nothing\.jsonl: there is no such file$/,
  ],
  [
    "a manifest line that is not JSON",
    train("--set", "data.train=not_json.jsonl"),
    /^not_json\.jsonl, line 2: not JSON: \S.+$/,
  ],
  [
    "a manifest line without a text",
    ["eval", "@run", "@no_text.jsonl"],
    /^no_text\.jsonl, line 1: field "text": .*expected string/,
  ],
  ["a manifest without lines", ["eval", "@run", "@no_lines.jsonl"], /^the manifest no_lines\.jsonl has no utterances$/],
  [
    "nothing but texts too long for their audio",
    train("--set", "data.train=all_short.jsonl"),
    /^none of the 1 utterances can be used; the first, u0: too short for its text: \d+ frames after subsampling, CTC needs 80/,
  ],
  ["no config", ["train", "@nothing.yaml"], /^cannot read the config nothing\.yaml: there is no such file\.$/],
  [
    "an unknown key in --set",
    train("--set", "model.dims=3"),
    /^--set model\.dims=3: model\.dims is not a key; the nearest valid one is model\.dim\.$/,
  ],
  [
    "a checkpoint cut short",
    ["inspect", "@half.safetensors"],
    /^half\.safetensors: tensor '.+' ends at byte \d+ of the data, but only \d+ are there; the file is cut short\.$/,
  ],
  [
    "offsets beyond the file",
    ["inspect", "@beyond.safetensors"],
    /^beyond\.safetensors: tensor '.+' ends at byte \d+ of the data, but only \d+ are there/,
  ],
  [
    "an empty checkpoint",
    ["inspect", "@empty.safetensors"],
    /^empty\.safetensors is not a safetensors file: it has 0 bytes/,
  ],
  ["a checkpoint that is something else", ["inspect", "@u0.wav"], /^u0\.wav is not a safetensors file or is cut short/],
  [
    "a safetensors file of another program",
    ["inspect", "@foreign.safetensors"],
    /^foreign\.safetensors is a safetensors file, but not a checkpoint of unfold/,
  ],
  [
    "a checkpoint whose header is damaged",
    ["inspect", "@no_config.safetensors"],
    /^no_config\.safetensors: the checkpoint's header is not one of unfold: config: /,
  ],
  [
    "a checkpoint of another shape",
    ["inspect", "@other_shape.safetensors"],
    /^other_shape\.safetensors does not fit the model of its config: \S+ is \[.+\], expected \[.+\]; .+; and \d+ more$/,
  ],
  [
    "a run whose checkpoint is cut short, to be resumed",
    ["train", "@config.yaml", "--out", "@cut", "--resume"],
    /^.*cut\/last\.safetensors: tensor '.+' ends at byte/,
  ],
  [
    "a checkpoint that lacks a tensor",
    ["transcribe", "@one_less.safetensors", "@u0.wav"],
    /^one_less\.safetensors does not fit the model of its config: ctc_lo\.bias is missing$/,
  ],
  [
    "a checkpoint of other features",
    ["transcribe", "@other_bins.safetensors", "@u0.wav"],
    /^other_bins\.safetensors: the normalisation is of 1 bins, the config's features have 10$/,
  ],
  [
    "no checkpoint",
    ["eval", "@nowhere", "@dev.jsonl"],
    /^the checkpoint .*nowhere cannot be read: there is no such file$/,
  ],
  ...["0", "2,1000000"].map((depths): [string, string[], RegExp] => [
    `--depths '${depths}'`,
    ["eval", "@run", "@dev.jsonl", `--depths=${depths}`],
    /^--depths: expected whole numbers from 1 to 1000 with commas between them, such as 2,4,6, got '/,
  ]),
  [
    "--depth 0",
    ["transcribe", "@run", "@u0.wav", "--depth", "0"],
    /^--depth: expected a whole number from 1 to 1000, got '0'$/,
  ],
  [
    "--beam 0",
    ["eval", "@run", "@dev.jsonl", "--beam", "0"],
    /^--beam: expected a whole number from 1 to 1000, got '0'$/,
  ],
  [
    "--out with a run in it",
    ["train", "@config.yaml", "--out", "@run"],
    /^.*run already holds a run: add --resume to go on with it, or choose another folder with --out$/,
  ],
  [
    "--out in place of a file",
    ["train", "@config.yaml", "--out", "@u0.wav"],
    /u0\.wav cannot be made: a file is in its place$/,
  ],
  ["--resume without a run", train("--resume"), /^new\d+ holds no run to resume: last\.safetensors is not there$/],
  [
    "--resume with another config",
    resume("--set", "model.dropout=0.2", "--set", "data.sample_rate=16000"),
    /run\/last\.safetensors was trained with another config, so the run cannot be resumed exactly: data\.sample_rate was 8000, is now 16000, model\.dropout was 0\.1, is now 0\.2; --force goes on with the new one$/,
  ],
  [
    "--resume with a letter the model does not know",
    resume("--set", "data.train=other_letter.jsonl"),
    /^other_letter\.jsonl, line 4: 'ö' \(U\+00F6\) in the text "bö" is not among the model's 3 characters$/,
  ],
  [
    "--resume --force with a model of another shape",
    resume("--force", "--set", "model.dim=32"),
    /run\/last\.safetensors was trained with another config: model\.dim was 16, is now 32; that is another model, so a new run is needed: choose another folder with --out$/,
  ],
  [
    "--force without --resume",
    train("--force"),
    /^--force goes with --resume: it goes on with a run whose config has changed$/,
  ],
  [
    "a folder that another process trains in",
    ["train", "@config.yaml", "--out", "@locked"],
    new RegExp(
      `^another run is writing to locked: process ${process.pid} on .+, since 2026-01-02T03:04:05Z; wait for its end, choose another folder with --out$`,
      "u",
    ),
  ],
  [
    "average of one checkpoint",
    ["average", "@run", "--out", "@mean.safetensors"],
    /^a mean needs two checkpoints or more, got 1$/,
  ],
  [
    "average of another model",
    ["average", "@run", "@one_less.safetensors", "--out", "@mean.safetensors"],
    /^one_less\.safetensors is of another model than run\/best\.safetensors: ctc_lo\.bias is not there, expected \[\d\]$/,
  ],
  [
    "average over a file",
    ["average", "@run", "@run", "--out", "@run/last.safetensors"],
    /^run\/last\.safetensors is there already: choose another name, or add --force$/,
  ],
  [
    "average over what it reads",
    ["average", "@run", "@run/last.safetensors", "--out", "@run/best.safetensors", "--force"],
    /^--out: run\/best\.safetensors is among the files that are read, and would be lost: choose another place$/,
  ],
  [
    "a name with control characters",
    ["inspect", "@no\x1b[31mthing"],
    /^the checkpoint no\\u001b\[31mthing cannot be read: there is no such file$/u,
  ],
  [
    "average to a name that is none of a checkpoint",
    ["average", "@run", "@run", "--out", "@mean"],
    /^--out: expected a name that ends in \.safetensors, got 'mean'$/,
  ],
  [
    "average to a folder that is not there",
    ["average", "@run", "@run", "--out", "@nowhere/mean.safetensors"],
    /^--out: there is no folder nowhere$/,
  ],
  [
    "--resume with another training set",
    resume("--set", "data.train=one_less.jsonl"),
    /run\/last\.safetensors was trained on other utterances than those of the training set now/,
  ],
];

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
      expect.stringMatching(/^unfold: no WebGPU adapter of the kind 'system' was found: install /),
    ]);
    expect(outcome.status).toBe(1);
  });

  it("the loss becomes NaN: step, utterances and weights are named, and nothing else is written over", async () => {
    const outcome = await run(["train", "@config.yaml", "--out", "@diverged", "--set", "optimizer.learning_rate=1e30"]);
    expect(complaint(outcome)).toEqual([
      expect.stringMatching(
        /^unfold: the loss became NaN at step 2, in the batch of u\d, u\d: first -?(NaN|Infinity) in \w+( of '.+')? for \w[^;]+; the weights as they are now are in diverged\/diverged\.safetensors, the last good checkpoint is untouched$/,
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
    ["a duplicate", "train: warned.jsonl, line 5: u0 has the audio and text of warned.jsonl, line 1 and is dropped"],
    [
      "a wrong sample count",
      "train: u4: wrong sample count: 5200 samples at 8000 Hz (0.65 s), the manifest's 1.50 s would be 12000",
    ],
    [
      "an utterance too short for its text",
      "train: skipped 1 of 6 utterances: u5 (too short for its text: 16 frames after subsampling, CTC needs 80 for its 80 labels)",
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
