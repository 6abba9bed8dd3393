import { expect, it } from "vitest";
import { benchStep, type PathResult, type StepProgress } from "../../bench/steps/step.ts";
import { stepConfigurations, trainConfigOf, type StepConfiguration } from "../../bench/steps/configurations.ts";
import { stepTable } from "../../bench/steps/table.ts";
import { openDevice, type Device } from "../../engine/device.ts";
import { trainingPaths } from "../../train/training_paths.ts";
import { UserError } from "../../engine/errors.ts";
import { buildFrontEnd } from "../../config/front_end.ts";

const budget = { time: 1, samples: 2, steps: 3 };

const small: StepConfiguration = {
  name: "small",
  onSoftware: true,
  sections: {
    features: { bins: 10 },
    model: { dim: 16, heads: 2, blocks: 1, feed_forward_dim: 16, conv_kernel: 3, subsampling_channels: 4 },
    unfold: { depths: [1, 3] },
    loss: { middle_depths: 1 },
  },
  vocabulary: 6,
  batch: { size: 2, seconds: 0.5, labels: 3 },
};

it("times each depth and the joint step, counts them, and says which kernels took the time", async () => {
  const seen: StepProgress[] = [];
  const report = await benchStep({
    open: openDevice,
    budget,
    configurations: [small],
    onProgress: (progress) => seen.push(progress),
  });
  expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  const [result, ...others] = report.results;
  expect(others).toEqual([]);
  expect(result).toMatchObject({
    configuration: "small",
    blocks: 1,
    dim: 16,
    batch: { size: 2, seconds: 0.5, frames: 48, bins: 10, labels: 3, vocabulary: 6 },
  });
  expect(result!.paths.map(({ status, path, depths }) => [status, path, depths])).toEqual([
    ["timed", "depth 1", [1]],
    ["timed", "depth 3", [3]],
    ["timed", "joint 3+1+2", [3, 1, 2]],
  ]);
  const [shallow, deep, joint] = result!.paths as PathResult[];
  expect([shallow, deep, joint].map((path) => path!.applications)).toEqual([1, 3, 3]); // one block: the deep path passes the others
  for (const path of [shallow!, deep!, joint!]) {
    expect(path.timing).toMatchObject({
      stepsPerSample: 3,
      medianMs: expect.any(Number),
      spreadMs: expect.any(Number),
    });
    expect(path.timing.samples).toBeGreaterThanOrEqual(2);
    expect(path.timing.encodeMs).toBeGreaterThan(0);
    expect(path.framesPerSecond).toBeCloseTo((2 * 48 * 1000) / path.timing.medianMs);
    expect(path.submits).toBeLessThanOrEqual(Math.ceil(path.dispatches / 128) + 1);
    expect(path.peakBytes).toBeGreaterThan(16 * result!.parameters); // four flat buffers of four bytes
    expect(path.kernels!.reduce((sum, { calls }) => sum + calls, 0)).toBe(path.dispatches);
    expect(path.kernels!.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1);
    expect(path.kernels!.map(({ kernel }) => kernel)).toContain("adamw/adamw");
  }
  expect(deep!.dispatches).toBeGreaterThan(shallow!.dispatches);
  expect(joint!.kernels!.some(({ kernel }) => kernel.startsWith("kl_divergence/"))).toBe(true);
  expect(seen.map(({ done, total, label, phase, path }) => [done, total, label, phase ?? path?.status])).toEqual([
    [0, 3, "small: depth 1", "measuring"],
    [1, 3, "small: depth 1", "timed"],
    [1, 3, "small: depth 3", "measuring"],
    [2, 3, "small: depth 3", "timed"],
    [2, 3, "small: joint 3+1+2", "measuring"],
    [3, 3, "small: joint 3+1+2", "timed"],
  ]);

  const text = stepTable(report, "today");
  expect(text).toMatch(
    /^small: 1 blocks of 16 channels, [\d.]+ k parameters, f32; batch of 2 x 0.5 s \(48 frames of 10 bins\), 3 labels each of 6 classes$/m,
  );
  expect(text).toMatch(/^ joint 3\+1\+2 +3 +[\d.]+ +[\d.]+ +[\d.]+ +[\d,.]+ +[\d,]+ +\d+ +\d+ +\d+ +[\d.]+ KiB$/m);
  expect(text).toContain("Kernels of a step, joint 3+1+2:");
  expect(text.split("\n").every((line) => line === line.trimEnd())).toBe(true);
});

/** A device that encodes nothing any more where `fails` says so. */
async function failingDevice(fails: (device: Device) => boolean): Promise<Device> {
  const device = await openDevice();
  const { recorder } = device;
  const { dispatch } = recorder;
  recorder.dispatch = (...args) => {
    if (fails(device)) throw new Error("no more");
    dispatch.apply(recorder, args);
  };
  return device;
}

it("counts layers that paths share only where their stochastic depth is the same", async () => {
  const model = { ...(small.sections["model"] as object), stochastic_depth_rate: 0.5 };
  const sections = { ...small.sections, model, loss: {} };
  const open = (): Promise<Device> => openDevice();
  const report = await benchStep({ open, budget, configurations: [{ ...small, sections }] });
  const joint = report.results[0]!.paths.at(-1) as PathResult;
  const paths = trainingPaths(trainConfigOf({ ...small, sections }), 0);
  // Of one block, both paths run layer after layer with factors of their own.
  expect(joint.applications).toBe(paths.reduce((sum, { schedule }) => sum + schedule.length, 0));
  expect(joint.applications).toBeGreaterThan(Math.max(...paths.map(({ schedule }) => schedule.length)));
});

it("a path that fails is in the report, and the others are timed", async () => {
  const open = (): Promise<Device> => failingDevice(({ recorder }) => recorder.scope.startsWith("layer 2"));
  const report = await benchStep({ open, budget, configurations: [small] });
  expect(report.results[0]!.paths.map((path) => [path.path, path.status === "failed" ? path.problem : ""])).toEqual([
    ["depth 1", ""],
    ["depth 3", "no more"],
    ["joint 3+1+2", "no more"],
  ]);
  expect(stepTable(report)).toContain("\nFAILED depth 3: no more\n");
});

it("leaves out what takes a software driver minutes, unless it is named", async () => {
  const slow = { ...small, name: "slow", onSoftware: false };
  const at = async (filter: string | undefined, isSoftware: boolean): Promise<string[]> => {
    const open = async (): Promise<Device> => {
      const device = await failingDevice(() => true);
      Object.defineProperty(device, "isSoftware", { value: isSoftware });
      return device;
    };
    const { results } = await benchStep({
      open,
      filter,
      budget: { time: 1, samples: 1, steps: 1 },
      configurations: [small, slow],
    });
    return results.map(({ configuration }) => configuration);
  };
  expect(await at(undefined, true)).toEqual(["small"]);
  expect(await at(undefined, false)).toEqual(["small", "slow"]);
  expect(await at("SLOW", true)).toEqual(["slow"]);
  await expect(at("fast", true)).rejects.toThrow(
    new UserError("--filter: no configuration's name contains 'fast'; there are small, slow"),
  );
});

it("has configurations that are valid, with targets that fit their frames", () => {
  for (const configuration of stepConfigurations) {
    const { sampleRate, frameShift } = buildFrontEnd(trainConfigOf(configuration));
    const { labels, seconds } = configuration.batch;
    expect(labels).toBeLessThan((seconds * sampleRate) / frameShift / 4 - 2);
  }
  expect(stepConfigurations.map(({ name }) => name)).toEqual([
    "tiny",
    "tiny-f16",
    "fsdd",
    "fsdd-f16",
    "hybrid",
    "hybrid-f16",
    "readme",
    "readme-f16",
    "conformer-12x256",
    "conformer-12x256-f16",
    "seed-unfold-256",
    "seed-unfold-256-f16",
  ]);
});
