import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { loadCheckpoint } from "../../../checkpoint/checkpoint_file.ts";
import { exportForBrowser, type BrowserFileOptions } from "../../../checkpoint/export/browser_file.ts";
import { toFloat32 } from "../../../checkpoint/safetensors/half_precision.ts";
import { serialiseSafetensors, type SafeTensor } from "../../../checkpoint/safetensors/safetensors.ts";
import { halfToNumber, numberToHalf } from "../../../engine/half.ts";
import { testDevice } from "../../test_device.ts";
import { hybridOutput } from "./engine_output.ts";
import { sampleCheckpoint, sampleFeatures } from "./sample_checkpoint.ts";

const device = testDevice();
let folder: string;
let sample: Awaited<ReturnType<typeof sampleCheckpoint>>;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "unfold-browser-file-"));
  sample = await sampleCheckpoint(device(), folder, "model.conv_norm=batch_norm");
});
afterAll(() => rmSync(folder, { recursive: true }));

const at = (name: string): string => join(folder, name);
const write = (name: string, options: Partial<BrowserFileOptions> = {}, checkpoint = sample.checkpoint) =>
  exportForBrowser(checkpoint, sample.config, at(name), { weights: "f16", force: false, ...options });

it("holds the whole seed in f16, its running statistics in f32, and nothing that only training needs", () => {
  const { blocks, parameters, bytes } = write("seed.safetensors");
  expect({ blocks, bytes }).toEqual({ blocks: 2, bytes: statSync(at("seed.safetensors")).size });
  const { tensors, state, close } = loadCheckpoint(at("seed.safetensors"));
  let stored = 0;
  for (const [name, tensor] of tensors) {
    const before = toFloat32(sample.checkpoint.tensors.get(name)!);
    const isStatistic = /running_(mean|var)$/u.test(name);
    expect([name, tensor.dtype]).toEqual([name, isStatistic ? "F32" : "F16"]);
    expect(toFloat32(tensor)).toEqual(isStatistic ? before : before.map((x) => halfToNumber(numberToHalf(x))));
    if (!isStatistic) stored += tensor.values.length;
  }
  close();
  expect(stored).toBe(parameters);
  expect(readdirSync(folder).filter((name) => name.startsWith("seed."))).toEqual(["seed.safetensors"]);
  const { units, cmvn, step } = sample.checkpoint.state;
  expect(state).toMatchObject({ units, cmvn, step, config: { data: { train: "a.jsonl", dev: "b.jsonl" } } });
  expect(JSON.stringify(state)).not.toContain(tmpdir());
});

it("in f32 gives the same numbers to the last bit", async () => {
  write("exact.safetensors", { weights: "f32" });
  const utterances = [sampleFeatures(50, 1)];
  for (const depth of [2, 4])
    expect(await hybridOutput(device(), at("exact.safetensors"), depth, utterances, [[1]])).toEqual(
      await hybridOutput(device(), sample.checkpoint.path, depth, utterances, [[1]]),
    );
});

it("keeps to the budget, or says in one sentence how large it would be and what would fit", () => {
  const { bytes } = write("within.safetensors");
  write("just.safetensors", { budget: bytes });
  const sizes = /over\.safetensors would have 0\.05 MB in f32 and 0\.03 MB in f16, but --budget allows /u;
  const refusal = (options: Partial<BrowserFileOptions>) => () => write("over.safetensors", options);
  expect(refusal({ budget: bytes - 1 })).toThrow(sizes);
  expect(refusal({ budget: bytes - 1 })).toThrow(
    /a seed of 1 block of this size would fit in f16, and this one has 2$/u,
  );
  expect(refusal({ budget: bytes, weights: "f32" })).toThrow(/--weights f16 would fit$/u);
  expect(refusal({ budget: 1000 })).toThrow(/not even one block of this size would fit in f16$/u);
  expect(readdirSync(folder).filter((name) => name.startsWith("over"))).toEqual([]);
});

it.each([
  [65519, null],
  [65520, /the weights encoder\.encoders\.1\.norm_mha\.weight contain 65520, but f16 holds at most 65504: /u],
  [
    -Infinity,
    /the weights encoder\.encoders\.1\.norm_mha\.weight contain -Infinity, so they cannot be exported in f16$/u,
  ],
  [NaN, /the weights encoder\.encoders\.1\.norm_mha\.weight contain NaN, so they cannot be exported in f16$/u],
])("names the tensor with a weight that f16 does not hold: %d", (value, message) => {
  const name = "encoder.encoders.1.norm_mha.weight";
  const { tensors, state } = sample.checkpoint;
  const changed = Float32Array.from(toFloat32(tensors.get(name)!));
  changed[3] = value;
  const all = new Map<string, SafeTensor>([...tensors, [name, { dtype: "F32", shape: [16], values: changed }]]);
  writeFileSync(at("large.safetensors"), serialiseSafetensors(all, { unfold: JSON.stringify(state) }));
  const large = loadCheckpoint(at("large.safetensors"));
  const exporting = () => write(`half ${value}.safetensors`, {}, large);
  if (message) expect(exporting).toThrow(message);
  else expect(exporting).not.toThrow();
  large.close();
  expect(readdirSync(folder).filter((file) => file.startsWith(`half ${value}`)).length).toBe(message ? 0 : 1);
});

it("never takes the place of the checkpoint itself", () => {
  const before = readFileSync(sample.checkpoint.path);
  expect(() =>
    exportForBrowser(sample.checkpoint, sample.config, sample.checkpoint.path, { weights: "f16", force: true }),
  ).toThrow("is one of the input files and would be lost");
  expect(readFileSync(sample.checkpoint.path)).toEqual(before);
});
