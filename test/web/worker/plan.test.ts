import { expect, it } from "vitest";
import { declareModel } from "../../../checkpoint/build_model.ts";
import type { Checkpoint, CheckpointState } from "../../../checkpoint/checkpoint.ts";
import type { SafeTensor } from "../../../checkpoint/safetensors/safetensors.ts";
import { plainConfig } from "../../../config/config.ts";
import { CharacterUnits } from "../../../model/units/characters.ts";
import { allPaths } from "../../../web/worker/paths.ts";
import { reportModel } from "../../../web/worker/model/describe.ts";
import { planModel } from "../../../web/worker/model/plan.ts";
import { testDevice } from "../../test_device.ts";
import { smallConfig } from "../../train/small_model.ts";

const device = testDevice();
const units = CharacterUnits.fromTexts(["abcd "]);

/** A checkpoint whose weights nobody has: a plan reads the header alone. */
function headerOnly(...sets: string[]): Checkpoint {
  const config = smallConfig(...sets);
  const { parameters } = declareModel(config, units.size, { lossScaled: false, blank: units.blank });
  const tensor = (shape: readonly number[]): SafeTensor => ({
    dtype: "F16",
    shape,
    get values(): Uint16Array<ArrayBuffer> {
      throw new Error("a plan read values");
    },
  });
  const state: CheckpointState = {
    format: "unfold-checkpoint/1",
    config: plainConfig(config),
    units: units.toJSON(),
    cmvn: { frames: 1, mean: new Array(10).fill(0), variance: new Array(10).fill(1) },
    step: 1,
    seconds: 1,
    sampler: { epoch: 0, batch: 0 },
    best: null,
  };
  const tensors = new Map([...parameters.savedShapes].map(([name, shape]) => [name, tensor(shape)]));
  return { path: "mine.safetensors", state, tensors };
}
const plan = (...sets: string[]) => planModel(headerOnly(...sets), 20_000, device());

it("tells what a model is and what running it takes, more for one of more blocks or channels", () => {
  const small = plan();
  expect(small).toMatchObject({
    name: "mine.safetensors",
    kind: "Conformer with CTC",
    parameters: 7474,
    weightBytes: 4 * 7474,
    blocks: 2,
    deepest: 12,
    classes: 6,
    stride: 4,
    secondsPerFrame: 0.04,
    refusal: null,
  });
  expect(small.memory!.largest).toBeGreaterThanOrEqual(4 * 998 * 10); // the features of ten seconds
  expect(small.memory!.activations).toBeGreaterThan(small.memory!.largest);
  expect(plan("model.dim=64").memory!.activations).toBeGreaterThan(2 * small.memory!.activations);
});

it.each([
  ["model.decoder={blocks: 1, feed_forward_dim: 16}", /^hybrid: /u, 12],
  ["unfold.depths=[2, 20]", /^Conformer/u, 20],
  ["unfold.order=[0, 1, 1, 0]", /^Conformer/u, 4],
])("knows %s", (set, kind, deepest) => {
  const { kind: found, deepest: depth, refusal } = plan(set);
  expect([found, depth, refusal]).toEqual([expect.stringMatching(kind), deepest, null]);
});

it("refuses in a sentence what the device has no buffer for, before anything is allocated", () => {
  const before = device().pool.statistics;
  const { refusal, memory } = plan(
    "model.dim=8192",
    "model.feed_forward_dim=65536",
    "model.blocks=40",
    "unfold.depths=[40]",
  );
  expect(refusal).toMatch(/^it is too large for this device: cannot allocate a tensor of \d+ bytes; .+ at most \d+$/u);
  expect(memory).toBeUndefined();
  expect(device().pool.statistics).toEqual(before);
});

it("refuses norms of each depth, and a browser without a device", () => {
  expect(plan("model.norms=per_depth").refusal).toBe(
    "its norms belong to the trained depths only, and the page runs every depth",
  );
  expect(planModel(headerOnly(), 1, undefined).refusal).toBe("it needs WebGPU: see Device");
});

it("says which tensors are missing", () => {
  const { path, state, tensors } = headerOnly();
  const some = new Map([...tensors].filter(([name]) => name !== "encoder.after_norm.bias"));
  expect(() => planModel({ path, state, tensors: some }, 1, device())).toThrow(
    "mine.safetensors does not fit the model of its config: encoder.after_norm.bias is missing",
  );
});

it.each([
  [["unfold.order=cycle"], "cycle", [0, 1, 0, 1]],
  [["unfold.order=[0, 1, 1, 0]"], { own: [[0], [0, 1], [0, 1, 1], [0, 1, 1, 0]] }, [0, 1, 1, 0]],
  [["unfold.repeatable=[0]", "unfold.depths=[2, 3]"], { own: [[0], [0, 1], [0, 0, 1]] }, undefined],
  [["model.blocks=4", "unfold.shallow=even", "unfold.depths=[2, 8]"], { own: expect.any(Array) }, [0, 1, 2, 3]],
])("runs the paths that training evaluated: %j", (sets, order, path) => {
  const report = reportModel(headerOnly(...sets));
  expect(report.order).toEqual(order);
  const paths = allPaths(report.order, report.blocks, report.deepest);
  expect(paths[3]).toEqual(path);
  expect(paths.map(({ length }) => length)).toEqual(Array.from({ length: report.deepest }, (_, i) => i + 1));
});
