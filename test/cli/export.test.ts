import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { serialiseSafetensors } from "../../checkpoint/safetensors/safetensors.ts";
import { build, unfold } from "../built.ts";
import { testDevice } from "../test_device.ts";
import { sampleCheckpoint } from "../checkpoint/export/sample_checkpoint.ts";

const CLIP = "web/public/seed/clip_5.flac";
const device = testDevice();
let folder: string;
let checkpoint: string;
const at = (name: string): string => join(folder, name);
/** Export needs no adapter. */
const exporting = (...words: string[]) =>
  unfold(["export", ...words], { UNFOLD_ADAPTER: "there is none of this name" });

beforeAll(async () => {
  build();
  folder = mkdtempSync(join(tmpdir(), "unfold-export-"));
  ({ path: checkpoint } = (await sampleCheckpoint(device(), folder)).checkpoint);
  writeFileSync(
    at("weights.safetensors"),
    serialiseSafetensors({ "encoder.weight": { dtype: "F32", shape: [1], values: Float32Array.of(1) } }),
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it("says what it wrote, and without --depth takes the deepest", async () => {
  const [depth2, deepest] = await Promise.all([
    exporting(checkpoint, "--depth", "2", "--out", at("two.safetensors")),
    exporting(checkpoint, "--out", at("four.onnx")),
  ]);
  expect(depth2).toMatchObject({ status: 0, stderr: "" });
  expect(depth2.stdout).toMatch(
    /two\.safetensors: depth 2, blocks 0 1, 7,474 parameters, [\d.]+ KiB \([\d,]+ bytes\)\n$/u,
  );
  expect(deepest).toMatchObject({ status: 0, stderr: "" });
  expect(deepest.stdout).toMatch(
    /four\.onnx: depth 4, blocks 0 0 1 1, 7,474 parameters \([\d,]+ if its 4 layers shared nothing\), [\d.]+ KiB \([\d,]+ bytes\)\n$/u,
  );
});

it("of a hybrid writes two ONNX files, and says how large each is", async () => {
  const decoder = "model.decoder={blocks: 2, feed_forward_dim: 24}";
  const sample = await sampleCheckpoint(device(), folder, decoder);
  const { status, stdout, stderr } = await exporting(sample.checkpoint.path, "--out", at("both.onnx"));
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(stdout).toMatch(
    /both\.onnx: depth 4, blocks 0 0 1 1, 7,491 parameters \([\d,]+ if its 4 layers shared nothing\), [\d.]+ KiB \([\d,]+ bytes\)\n/u,
  );
  expect(stdout).toMatch(/both\.decoder\.onnx: its decoder, 6,423 parameters, [\d.]+ KiB \([\d,]+ bytes\)\n$/u);
  const sizes = [...stdout.matchAll(/\(([\d,]+) bytes\)/gu)].map(([, bytes]) => Number(bytes!.replaceAll(",", "")));
  expect(sizes).toEqual([at("both.onnx"), at("both.decoder.onnx")].map((file) => statSync(file).size));
});

it("--browser writes the whole seed to one file, which the other verbs open", async () => {
  const { status, stdout, stderr } = await exporting(checkpoint, "--browser", at("page.safetensors"), "--budget", "1");
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(stdout).toMatch(
    /page\.safetensors: a seed of 2 blocks, 7,474 parameters in f16, [\d.]+ KiB \([\d,]+ bytes\)\n$/u,
  );
  expect(readdirSync(folder).filter((name) => name.startsWith("page."))).toEqual(["page.safetensors"]);
  const [whole, page] = await Promise.all(
    [checkpoint, at("page.safetensors")].map((file) => unfold(["transcribe", file, CLIP, "--depth", "4"])),
  );
  expect({ ...page, stderr: "" }).toEqual({ ...whole, status: 0, stderr: "" });
});

it.each<[string, () => string[], RegExp]>([
  [
    "--browser that exceeds its budget",
    () => [checkpoint, "--browser", at("x.safetensors"), "--budget", "0.02"],
    /^unfold: .*x\.safetensors would have 0\.05 MB in f32 and 0\.03 MB in f16, but --budget allows 0\.02 MB: a seed of \d blocks? .+\n$/u,
  ],
  [
    "--browser at one depth",
    () => [checkpoint, "--browser", at("x.safetensors"), "--depth", "2"],
    /^unfold: export: --browser writes a whole seed to a file of its own, so it excludes --out, --depth and --format\n$/u,
  ],
  [
    "a budget without --browser",
    () => [checkpoint, "--out", at("x.safetensors"), "--budget", "2"],
    /^unfold: export: --weights and --budget need --browser\n$/u,
  ],
  [
    "a budget that is no number",
    () => [checkpoint, "--browser", at("x.safetensors"), "--budget", "2MB"],
    /^unfold: --budget: expected a number of megabytes, such as 25, got '2MB'\n$/u,
  ],
  ["no file to write", () => [checkpoint], /^unfold: export: expected --out FILE or --browser FILE, got neither\n$/u],
  [
    "a depth that is none",
    () => [checkpoint, "--depth", "0", "--out", at("x.onnx")],
    /^unfold: --depth: expected a whole number from 1 to 1000, got '0'\n$/u,
  ],
  [
    "a checkpoint that is not there",
    () => [at("none.safetensors"), "--out", at("x.onnx")],
    /^unfold: the checkpoint .*none\.safetensors cannot be read: there is no such file\n$/u,
  ],
  [
    "a checkpoint that is none",
    () => [at("weights.safetensors"), "--out", at("x.onnx")],
    /^unfold: .*weights\.safetensors is a safetensors file, but not an unfold checkpoint: .*\n$/u,
  ],
])("refuses %s in one sentence, and writes nothing", async (_, words, message) => {
  const { status, stdout, stderr } = await exporting(...words());
  expect(stderr).toMatch(message);
  expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
  expect(readdirSync(folder).filter((name) => name.startsWith("x.") || name === "nowhere")).toEqual([]);
});
