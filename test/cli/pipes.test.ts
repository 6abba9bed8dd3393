import { spawn } from "node:child_process";
import { createReadStream, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
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
