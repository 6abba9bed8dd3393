import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { build, unfold } from "../built.ts";
import { writeSmallCorpus } from "../small_corpus.ts";

let folder: string;
const at = (name: string): string => join(folder, name);

beforeAll(async () => {
  build();
  folder = mkdtempSync(join(tmpdir(), "unfold-experiment-cli-"));
  await writeSmallCorpus(folder);
  writeFileSync(
    at("experiment.yaml"),
    "base: config.yaml\nrows: [{ name: a, title: one }, { name: b, title: two, set: { model.heads: 3 } }]\n",
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it.each<[string, string[], string]>([
  ["a config that is not there", ["none.yaml"], "cannot read the config {at}/none.yaml: there is no such file."],
  [
    "a row that is not there",
    ["experiment.yaml", "--rows", "a,c"],
    "--rows: 'c' is not a row or group of the experiment; there are a, b",
  ],
  ["no seeds", ["experiment.yaml", "--seeds", "0"], "--seeds: expected a whole number from 1, got '0'"],
  ["no budget", ["experiment.yaml", "--budget", "soon"], "--budget: expected minutes, a number over 0, got 'soon'"],
  [
    "a row whose config is wrong",
    ["experiment.yaml"],
    "{at}/experiment.yaml, row b: --set model.heads=3: model.heads is 3, which does not divide model.dim 16.",
  ],
  [
    "data that are not there",
    ["experiment.yaml", "--rows", "a", "--data", "{at}/nowhere"],
    "cannot read the manifest {at}/nowhere/train.jsonl: there is no such file",
  ],
  [
    "nothing to measure",
    ["experiment.yaml", "--rows", "a", "--times-only"],
    "{at}/out holds no finished run to measure",
  ],
])("%s: one sentence, exit code 2, nothing is made", async (_, [file, ...words], message) => {
  const filled = (text: string): string => text.replaceAll("{at}", folder);
  const { status, stderr } = await unfold(["experiment", at(file!), "--out", at("out"), ...words.map(filled)]);
  expect({ status, stderr }).toEqual({ status: 2, stderr: `unfold: ${filled(message)}\n` });
  expect(existsSync(at("out"))).toBe(false);
});
