import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { serialiseSafetensors } from "../../checkpoint/safetensors/safetensors.ts";
import { build, unfold } from "../built.ts";
import { testDevice } from "../test_device.ts";
import { sampleCheckpoint } from "../checkpoint/export/sample_checkpoint.ts";

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

it.each<[string, () => string[], RegExp]>([
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
