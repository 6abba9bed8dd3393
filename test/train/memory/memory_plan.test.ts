import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openDevice, type Device } from "../../../engine/device.ts";
import { dryDevice } from "../../../engine/dry_device.ts";
import { RunError } from "../../../engine/errors.ts";
import { uniform } from "../../../engine/random.ts";
import { Tape } from "../../../engine/tape.ts";
import { read, zeroTensor } from "../../../engine/transfer.ts";
import { buildModel } from "../../../checkpoint/build_model.ts";
import type { TrainConfig } from "../../../config/config.ts";
import { modelFrames } from "../../../config/model_config.ts";
import { padBatch } from "../../../data/batches/batch.ts";
import { evaluatedPaths, type DepthPath } from "../../../config/depths.ts";
import { trainingPaths } from "../../../train/training_paths.ts";
import { largestBatch } from "../../../train/memory/largest_batch.ts";
import { planMemory, planStep } from "../../../train/memory/memory_plan.ts";
import { planEvaluation } from "../../../recognition/memory.ts";
import { configuredSearch, decoderSearch } from "../../../recognition/decoder_search.ts";
import { forEachPosterior } from "../../../recognition/posteriors.ts";
import { activationType } from "../../../engine/precision.ts";
import { trainingStep, uploadBatch } from "../../../train/training_step.ts";
import { smallConfig } from "../small_model.ts";

// Not poisoned: the fills of a test device make no buffers, but the plan is of the device that people train on.
let device: Device;
beforeAll(async () => {
  device = await openDevice();
});
afterAll(() => device.close());

const shape = { size: 3, frames: 90, labels: 4 };
const UNITS = 6;

/** A decoder that needs more memory than the encoder. */
const HYBRID = "model.decoder={blocks: 3, feed_forward_dim: 128, heads: 4}";

const batchItems = [90, 61, 75].map((frames, i) => ({
  frames,
  features: Float32Array.from({ length: frames * 10 }, (_, n) => uniform(i, n)),
  labels: Int32Array.from({ length: i + 2 }, (_, n) => 1 + (n % 4)),
}));
const batch = padBatch(batchItems, 10);

/** What the pool reports of two real optimiser steps of `accumulate` batches each: the second finds the first's buffers. */
async function measured(config: TrainConfig, paths: readonly DepthPath[], of = batch) {
  device.trim();
  expect(device.pool.statistics).toMatchObject({ liveBytes: 0, allocatedBytes: 0 });
  device.pool.resetPeak();
  const { activation } = activationType(device, config.precision);
  const built = buildModel(device, config, UNITS, { optimizer: true, half: activation === "f16", blank: 0 });
  const { accumulate } = config.batch;
  for (let part = 0; part < 2 * accumulate; part++) {
    const tape = new Tape(device, { seed: 1, step: part, activation });
    trainingStep(
      tape,
      built,
      uploadBatch(tape, of, built.model),
      paths,
      config,
      (part + 1) % accumulate === 0 ? { learningRate: 1e-3, step: 1 } : undefined,
    );
    tape.end();
  }
  await device.finish();
  built.parameters.release();
  return { totalBytes: device.pool.statistics.peakBytes };
}

describe("the plan of a step is what the pool reports of it", () => {
  it.each([
    ["with checkpointing", ["unfold.checkpointing=true"]],
    ["activations kept", ["unfold.checkpointing=false"]],
    ["in f16", ["precision=f16"]],
    ["with accumulated gradients", ["batch.accumulate=2"]],
    ["in cycle order with batch norm", ["unfold.order=cycle", "model.conv_norm=batch_norm"]],
    ["with norms per depth", ["model.norms=per_depth", "model.conv_norm=batch_norm"]],
    [
      "with norms of each depth, and weights of each depth",
      ["model.norms=per_depth", "unfold.depths=[2, 3, 4]", "loss.depth_weights={2: 0.5, 4: 1}"],
    ],
    ["with stochastic depth, if no layer is skipped", ["model.stochastic_depth_rate=0.2", "unfold.order=cycle"]],
    ["of the seed alone", ["unfold.depths=[2]"]],
    ["of a hybrid, with checkpointing", [HYBRID, "unfold.checkpointing=true"]],
    ["of a hybrid, activations kept, in f16", [HYBRID, "precision=f16"]],
    ["of a hybrid, whose decoder alone learns", [HYBRID, "loss.ctc_weight=0", "loss.kl_of=attention"]],
  ])("%s", async (_, sets) => {
    const config = smallConfig(...sets);
    const { joint, parameterBytes, optimizerBytes } = planMemory(device, config, UNITS, shape);
    expect(joint).toMatchObject(await measured(config, trainingPaths(config, 0, false)));
    expect(parameterBytes + optimizerBytes + joint.activationBytes).toBe(joint.totalBytes);
  });

  it("at each depth alone", async () => {
    const config = smallConfig("unfold.depths=[1, 2, 4]");
    const { depths } = planMemory(device, config, UNITS, shape);
    for (const [i, path] of evaluatedPaths(config).entries())
      expect(depths[i]).toMatchObject({ depth: path.depth, training: await measured(config, [path]) });
  });
});

it.each([
  ["", []],
  [" of a hybrid", [HYBRID]],
])("an evaluation between steps%s needs what the pool reports of it", async (_, sets) => {
  const config = smallConfig("unfold.depths=[1, 2, 4]", "precision=f16", ...sets);
  const planned = planEvaluation(device, config, UNITS, shape);
  device.trim();
  const { activation } = activationType(device, config.precision);
  const built = buildModel(device, config, UNITS, { optimizer: true, half: activation === "f16", blank: 0 });
  device.pool.resetPeak();
  const utterances = batchItems.map((item, i) => ({ ...item, id: String(i) }));
  const references = utterances.map(({ labels }) => labels);
  await forEachPosterior(
    device,
    built.model,
    utterances,
    evaluatedPaths(config).map(({ schedule }) => schedule),
    { references },
    () => undefined,
  );
  built.parameters.release();
  expect(planned).toMatchObject({ depths: [1, 2, 4], totalBytes: device.pool.statistics.peakBytes });
});

describe("an evaluation with a decoder's search", () => {
  // Longer hypotheses always rank higher, so each gets as long as it may.
  const sets = ["unfold.depths=[1, 4]", HYBRID, "eval.beam=3"];

  /** The pool's peak, and the longest hypothesis. */
  async function evaluated(config: TrainConfig): Promise<{ bytes: number; labels: number }> {
    device.trim();
    const built = buildModel(device, config, UNITS, { optimizer: true, half: false, blank: 0 });
    device.pool.resetPeak();
    const utterances = batchItems.map((item, i) => ({ ...item, id: String(i) }));
    const options = { beam: config.eval.beam };
    const decode = decoderSearch(device, built.model, configuredSearch(config.eval)!, options);
    let labels = 0;
    await forEachPosterior(
      device,
      built.model,
      utterances,
      evaluatedPaths(config).map(({ schedule }) => schedule),
      { references: utterances.map((item) => item.labels), decode },
      (...[, , , , found]) => void (labels = Math.max(labels, ...found!.map((one) => one.labels.length))),
    );
    built.parameters.release();
    return { bytes: device.pool.statistics.peakBytes, labels };
  }

  it.each(["joint", "attention"])(
    "needs what the pool reports where hypotheses get as long as may be: %s",
    async (search) => {
      const config = smallConfig(...sets, `eval.search=${search}`, "eval.length_bonus=1000");
      const { bytes, labels } = await evaluated(config);
      const { outputFrames } = modelFrames(config);
      expect(labels).toBe(outputFrames(90));
      const { totalBytes } = planEvaluation(device, config, UNITS, shape);
      expect(totalBytes).toBe(bytes);
      expect(totalBytes).toBeGreaterThan(planEvaluation(device, smallConfig(...sets), UNITS, shape).totalBytes);
    },
  );

  it("fits where one pass over all would not: rescoring with a wide feed-forward layer", () => {
    const wide = "model.decoder={blocks: 1, feed_forward_dim: 4096, heads: 4}";
    const config = smallConfig(...sets, wide, "eval.search=rescore", "eval.beam=16");
    const { outputFrames } = modelFrames(config);
    const large = { size: 64, frames: 1000, labels: 4 };
    const atOnce = 4 * large.size * 16 * (outputFrames(1000) + 1) * 4096;
    expect(atOnce).toBeGreaterThan(device.limits.maxStorageBufferBindingSize);
    expect(planEvaluation(device, config, UNITS, large).totalBytes).toBeGreaterThan(0);
  });

  it("needs no less than the pool reports: rescoring, whose hypotheses are shorter than a label a frame", async () => {
    const config = smallConfig(...sets, "eval.search=rescore");
    const { bytes } = await evaluated(config);
    expect(planEvaluation(device, config, UNITS, shape).totalBytes).toBeGreaterThanOrEqual(bytes);
  });
});

it("with a decoder, the largest batch is planned for every batch, also of more and shorter utterances", async () => {
  const config = smallConfig(HYBRID, "batch.frames=400");
  const short = { frames: 90, labels: Int32Array.from({ length: 21 }, (_, n) => 1 + (n % 4)) };
  const utterances = [...new Array<typeof short>(4).fill(short), { frames: 390, labels: Int32Array.of(1, 2) }];
  const plan = (decoder: boolean): number => {
    const largest = largestBatch(utterances, config.batch, 4, { decoder });
    expect(largest).toMatchObject({ size: 1, frames: 390 });
    return planStep(device, config, UNITS, largest).totalBytes;
  };
  const features = new Float32Array(90 * 10);
  const ofShort = padBatch(
    utterances.slice(0, 4).map((item) => ({ ...item, features })),
    10,
  );
  const { totalBytes } = await measured(config, trainingPaths(config, 0, false), ofShort);
  expect(totalBytes).toBeLessThanOrEqual(plan(true));
  expect(totalBytes).toBeGreaterThan(plan(false));
});

it("where middle depths are drawn, the step with the most block applications is planned", async () => {
  const config = smallConfig("unfold.depths=[2, 6]", "loss.middle_depths=1");
  const { joint } = planMemory(device, config, UNITS, shape);
  const drawn = new Map(
    [0, 1, 2, 3, 4, 5]
      .map((step) => trainingPaths(config, step))
      .map((paths) => [paths.map(({ depth }) => depth).join(), paths]),
  );
  expect(drawn.size).toBeGreaterThan(1);
  for (const paths of drawn.values())
    expect((await measured(config, paths)).totalBytes).toBeLessThanOrEqual(joint.totalBytes);
});

it("recomputation saves activations, and inference holds neither gradients nor moments", () => {
  const [saving, keeping] = ["true", "false"].map((on) =>
    planMemory(device, smallConfig(`unfold.checkpointing=${on}`), UNITS, shape),
  );
  expect(saving!.joint.activationBytes).toBeLessThan(keeping!.joint.activationBytes);
  const { parameterBytes, depths } = keeping!;
  for (const { inference, training } of depths) {
    expect(inference.totalBytes - inference.activationBytes).toBe(parameterBytes);
    expect(inference.activationBytes).toBeLessThan(training.activationBytes);
  }
});

it("a plan uses no memory of the device and submits nothing", () => {
  device.trim();
  const before = device.recorder.submits;
  planMemory(device, smallConfig(), UNITS, { size: 8, frames: 400, labels: 9 });
  expect(device.pool.statistics.allocatedBytes).toBe(0);
  expect(device.recorder.submits).toBe(before);
});

describe("a dry device", () => {
  it("refuses buffers and bindings that the device has no room for", () => {
    const dry = dryDevice(device);
    const { maxBufferSize, maxStorageBufferBindingSize } = device.limits;
    expect(() => zeroTensor(dry, [maxBufferSize / 4 + 1])).toThrow(RunError);
    const wide = smallConfig("features.bins=80", "model.subsampling_channels=256");
    const frames = Math.ceil(maxStorageBufferBindingSize / (256 * 39 * 4)); // half of them in each of three utterances
    expect(() => planMemory(device, wide, UNITS, { size: 3, frames, labels: 1 })).toThrow(
      /has \d+ bytes; this device can bind at most \d+$|a buffer on this device holds at most \d+$/,
    );
  });

  it("has nothing to read", async () => {
    const dry = dryDevice(device);
    await expect(read(dry, zeroTensor(dry, [3]))).rejects.toThrow("a dry device computes nothing");
  });
});
