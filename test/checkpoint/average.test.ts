import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { UserError } from "../../engine/errors.ts";
import { averageCheckpoints } from "../../checkpoint/average.ts";
import { type CheckpointState } from "../../checkpoint/checkpoint.ts";
import { writeCheckpoint } from "../../checkpoint/checkpoint_file.ts";
import type { SafeTensor } from "../../checkpoint/safetensors/safetensors.ts";

let folder: string;
const at = (name: string): string => join(folder, `${name}.safetensors`);
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "unfold-average-"))));
afterAll(() => rmSync(folder, { recursive: true }));

const floats = (...values: number[]): SafeTensor => ({
  dtype: "F32",
  shape: [values.length],
  values: Float32Array.from(values),
});

function write(name: string, step: number, tensors: Record<string, SafeTensor>, changes: object = {}): string {
  const state = {
    format: "unfold-checkpoint/1",
    config: { model: {}, unfold: { order: "cycle" } },
    units: { blank: 0, characters: ["a"] },
    cmvn: { mean: [1] },
    step,
    seconds: 0,
    sampler: { epoch: 0, batch: 0 },
    best: null,
    ...changes,
  };
  writeCheckpoint(at(name), tensors, state as unknown as CheckpointState);
  return at(name);
}

it("is the mean of values and running statistics, summed in float64; the loss scale and the state are the newest's, moments are left out", () => {
  // In float32, 2^24 + 1 is 2^24: a sum in that would forget the ones.
  const files = [
    [3, 2 ** 24, 512],
    [9, 1, 1024],
    [6, 1, 256],
  ].map(([step, x, scale]) =>
    write(`c${step}`, step!, {
      w: floats(x!, step!),
      running_mean: floats(step! / 10),
      loss_scale: floats(scale!, 0, 0, step!),
      "first_moment/w": floats(7, 7),
    }),
  );
  const { tensors, state } = averageCheckpoints(files);
  expect([...tensors.keys()].sort()).toEqual(["loss_scale", "running_mean", "w"]);
  expect([...tensors.get("w")!.values]).toEqual([Math.fround((2 ** 24 + 2) / 3), 6]);
  expect(tensors.get("running_mean")!.values[0]).toBeCloseTo(0.6, 7);
  expect([...tensors.get("loss_scale")!.values]).toEqual([1024, 0, 0, 9]);
  expect(state).toMatchObject({ step: 9, averageOf: [3, 9, 6] });
});

it("of one checkpoint twice is that checkpoint, of half precision widened", () => {
  const path = write("half", 1, { w: { dtype: "F16", shape: [2], values: Uint16Array.of(0x3c00, 0xc000) } });
  expect([...averageCheckpoints([path, path]).tensors.get("w")!.values]).toEqual([1, -2]);
});

it.each<[string, Record<string, SafeTensor>, object, string]>([
  ["another shape", { w: floats(1, 2) }, {}, "is a different model from FIRST: w is [2], expected [1]"],
  ["a tensor less", {}, {}, "is a different model from FIRST: w is missing, expected [1]"],
  ["a tensor more", { w: floats(1), v: floats(1) }, {}, "is a different model from FIRST: v is [1], expected missing"],
  [
    "integers",
    { w: { dtype: "I32", shape: [1], values: Int32Array.of(1) } },
    {},
    ": w has type I32, expected a floating-point one",
  ],
  [
    "other units",
    { w: floats(1) },
    { units: { blank: 0, characters: ["a", "b"] } },
    "has other units than FIRST, so they cannot be averaged",
  ],
  [
    "other feature statistics",
    { w: floats(1) },
    { cmvn: { mean: [2] } },
    "has other feature statistics than FIRST, so they cannot be averaged",
  ],
  [
    "another order of blocks",
    { w: floats(1) },
    { config: { model: {}, unfold: { order: "repeat" } } },
    "has another order of blocks than FIRST, so they cannot be averaged",
  ],
  [
    "another number of heads in its decoder",
    { w: floats(1) },
    { config: { model: { decoder: { heads: 2 } }, unfold: { order: "cycle" } } },
    "has another decoder than FIRST, so they cannot be averaged",
  ],
  [
    "another number of heads",
    { w: floats(1) },
    { config: { model: { heads: 2 }, unfold: { order: "cycle" } } },
    "has another number of attention heads than FIRST, so they cannot be averaged",
  ],
  [
    "other repeatable blocks",
    { w: floats(1) },
    { config: { model: {}, unfold: { order: "cycle", repeatable: [1] } } },
    "has other repeatable blocks than FIRST, so they cannot be averaged",
  ],
])("a checkpoint with %s is refused", (_, tensors, changes, message) => {
  const [first, second] = [write("first", 1, { w: floats(1) }), write("second", 2, tensors, changes)];
  const before = readFileSync(first);
  const fault = `${second}${message.startsWith(":") ? "" : " "}${message.replace("FIRST", first)}`;
  expect(() => averageCheckpoints([first, second])).toThrow(new UserError(fault));
  expect(readFileSync(first).equals(before)).toBe(true);
});
