import { spawn } from "node:child_process";
import { createReadStream, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { build, ROOT } from "../built.ts";
import { writeSmallCorpus } from "../small_corpus.ts";

let folder: string;
const at = (name: string): string => join(folder, name);

beforeAll(async () => {
  build();
  folder = mkdtempSync(join(tmpdir(), "unfold-pipes-"));
  await writeSmallCorpus(folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const start = (words: string[], cwd = folder) =>
  spawn(process.execPath, [`${ROOT}dist/cli/main.js`, ...words], { cwd });

const ended = (child: ReturnType<typeof start>): Promise<number | null> =>
  new Promise((resolve, reject) => child.on("error", reject).on("close", resolve));

it("training whose output nobody reads any more saves and ends as interrupted", async () => {
  const child = start([
    "train",
    at("config.yaml"),
    "--set",
    "steps=5000",
    "--set",
    "eval.every_steps=5000",
    "--out",
    at("run"),
  ]);
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    if (!text.includes("step 3/")) return; // from then on there is something to save
    child.stderr.destroy();
    child.stdout.destroy();
  });
  expect(await ended(child)).toBe(130);
  expect(existsSync(at("run/last.safetensors"))).toBe(true);
});

it("a run without an evaluation names its last checkpoint", async () => {
  const child = start(["eval", at("run"), at("dev.jsonl")]);
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  expect(await ended(child)).toBe(2);
  expect(stderr).toBe(
    `unfold: the checkpoint ${at("run/best.safetensors")} cannot be read: there is no such file; the run has no evaluation yet: give ${at("run/last.safetensors")}\n`,
  );
});

it("- is a manifest, and audio, from standard input", async () => {
  const check = start(["data", "check", "-", "--json"]);
  createReadStream(at("train.jsonl")).pipe(check.stdin);
  let json = "";
  check.stdout.setEncoding("utf8").on("data", (text: string) => (json += text));
  await ended(check);
  const lines = readFileSync(at("train.jsonl"), "utf8").trim().split("\n").length;
  expect(JSON.parse(json)).toMatchObject({ manifest: "-", utterances: lines, faults: [] });

  const transcribe = start(["transcribe", at("run/last.safetensors"), "-"]);
  createReadStream(at("u0.wav")).pipe(transcribe.stdin);
  let text = "";
  transcribe.stdout.setEncoding("utf8").on("data", (part: string) => (text += part));
  expect(await ended(transcribe)).toBe(0);
  expect(text).toMatch(/^-\t/);
});

describe("standard input is named as such, not by a temporary file", () => {
  const run = async (words: string[], input: Uint8Array) => {
    const child = start(words);
    const [out, err] = [child.stdout, child.stderr].map((stream) => {
      const parts: string[] = [];
      stream.setEncoding("utf8").on("data", (text: string) => parts.push(text));
      return parts;
    }) as [string[], string[]];
    child.stdin.on("error", () => undefined); // refused before it is read
    child.stdin.end(input);
    const status = await ended(child);
    const lines = err.join("").split("\n");
    return { status, stdout: out.join(""), told: lines.filter((line) => /^(unfold|warning): /u.test(line)) };
  };
  const checkpoint = (): string => at("run/last.safetensors");
  const pipe = (): Buffer => {
    const wav = readFileSync(at("u0.wav"));
    wav.writeUInt32LE(0xffffffff, 40);
    return wav;
  };

  it("what was decided about audio, and what is wrong with it", async () => {
    expect(await run(["transcribe", checkpoint(), "-"], pipe())).toMatchObject({
      status: 0,
      told: [
        "warning: standard input: its header does not say how long it is (0xffffffff bytes), so it is read to its end",
      ],
    });
    expect(
      await run(["transcribe", checkpoint(), "-", at("u0.wav")], readFileSync(at("u0.wav")).subarray(0, 2000)),
    ).toMatchObject({
      status: 2,
      stdout: expect.stringMatching(/^\S+u0\.wav\t[^\n]*\n$/),
      told: [expect.stringMatching(/^unfold: standard input is truncated: /)],
    });
  });

  it("a manifest, a config, a corpus, a language model", async () => {
    const line = Buffer.from('{"audio_filepath": 3}\n');
    const named = async (words: string[], input: Uint8Array, message: RegExp): Promise<void> => {
      expect(await run(words, input)).toMatchObject({ status: 2, stdout: "", told: [expect.stringMatching(message)] });
    };
    await named(["data", "check", "-"], line, /^unfold: standard input, line 1: field "audio_filepath"/);
    await named(
      ["data", "import", "jsonl", "-", "--out", at("x.jsonl")],
      line,
      /^unfold: standard input, line 1: no field/,
    );
    await named(
      ["data", "import", "commonvoice", "-", "--out", at("x.jsonl")],
      Buffer.from("a\tb\n1\t2\n"),
      /^unfold: standard input, line 2: /,
    );
    await named(
      ["train", "-", "--plan"],
      Buffer.from("data: caf\xe9", "latin1"),
      /^unfold: standard input, line 1: not UTF-8/,
    );
    await named(
      ["lm", "eval", checkpoint(), "-"],
      Buffer.from("\n"),
      /^unfold: the text standard input has no sentences$/,
    );
    await named(
      ["eval", checkpoint(), at("dev.jsonl"), "--beam", "2", "--lm", "-"],
      Buffer.from("\\data\\\nngram 2=1\n"),
      /^unfold: standard input, line 2: expected 'ngram 1='/,
    );
  });

  it("is refused twice, before anything is read of it", async () => {
    const twice = "unfold: '-' is given twice, but standard input can be read only once";
    for (const words of [
      ["transcribe", checkpoint(), "-", "-"],
      ["transcribe", checkpoint(), "-", "--beam", "2", "--lm", "-"],
      ["eval", checkpoint(), "-", "--beam", "2", "--lm", "-"],
      ["data", "check", "-", "--config", "-"],
      ["tokenizer", "train", "-", "-", "--size", "9", "--out", at("x.json")],
    ])
      expect(await run(words, readFileSync(at("train.jsonl")))).toMatchObject({ status: 2, stdout: "", told: [twice] });
  });

  it("an evaluation of it has files of that name", async () => {
    const words = ["eval", checkpoint(), "-", "--alignments", at("alignments"), "--depths", "2"];
    expect(await run(words, readFileSync(at("dev.jsonl")))).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/\n stdin /),
    });
    expect(existsSync(at("alignments/eval-stdin-2.txt"))).toBe(true);
  });
});
