import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openDevice, type Device } from "../../engine/device.ts";
import { doubtsAboutHalf } from "../../engine/node/drivers.ts";
import { Tape } from "../../engine/tape.ts";
import { read } from "../../engine/transfer.ts";
import { lossScaleState } from "../../kernels/loss_scale/loss_scale.ts";
import { buildModel } from "../../checkpoint/build_model.ts";
import { trainingPaths } from "../../train/training_paths.ts";
import { activationType } from "../../engine/precision.ts";
import { trainingStep, uploadBatch } from "../../train/training_step.ts";
import { smallConfig } from "../train/small_model.ts";

/** Of each kind of model, with the length of its two utterances in frames of so many values. */
const cases = {
  conformer: { config: smallConfig("schedule.warmup_steps=0"), frames: [60, 51], bins: 10 },
  hybrid: {
    config: smallConfig("schedule.warmup_steps=0", "model.decoder={blocks: 2, feed_forward_dim: 24}"),
    frames: [60, 51],
    bins: 10,
  },
  wav2vec2: {
    config: smallConfig(
      "schedule.warmup_steps=0",
      "features={ kind: waveform }",
      "masking=null",
      "model={ kind: wav2vec2, dim: 16, heads: 2, blocks: 2, feed_forward_dim: 16, conv_dims: [8, 8], conv_kernels: [10, 8], conv_strides: [10, 8], positional_kernel: 8, positional_groups: 4 }",
    ),
    frames: [1600, 1310],
    bins: 1,
  },
};
type Kind = keyof typeof cases;
let device: Device;
beforeAll(async () => void (device = await openDevice()));
afterAll(() => device.close());

const hasHalf = (): boolean => device.features.has("shader-f16");

interface Steps {
  readonly losses: number[];
  readonly norms: number[];
  readonly scale: ReturnType<typeof lossScaleState> | undefined;
}

/** Two utterances of so many frames, always the same. */
const batchOf = (frames: readonly number[], bins: number) => ({
  size: 2,
  frames: frames[0]!,
  bins,
  maxLabels: 3,
  features: Float32Array.from({ length: 2 * frames[0]! * bins }, (_, i) => Math.sin(i * 0.7) + Math.cos(i * 0.13)),
  lengths: Int32Array.from(frames),
  targets: Int32Array.of(1, 2, 3, 4, 1, 0),
  targetLengths: Int32Array.of(3, 2),
});

/** Trains a small model on one batch. */
async function steps(count: number, precision: "f32" | "f16", kind: Kind = "conformer"): Promise<Steps> {
  const { config, frames, bins } = cases[kind];
  const { activation } = activationType(device, precision);
  const built = buildModel(device, config, 6, { optimizer: true, half: activation === "f16", blank: 0 });
  const [losses, norms]: [number[], number[]] = [[], []];
  for (let step = 1; step <= count; step++) {
    const tape = new Tape(device, { seed: 1, step, activation });
    const uploaded = uploadBatch(tape, batchOf(frames, bins), built.model);
    const { loss, gradNorm } = trainingStep(tape, built, uploaded, trainingPaths(config, step), config, {
      learningRate: 3e-3,
      step,
    });
    losses.push((await read(device, loss!))[0]!);
    norms.push((await read(device, gradNorm!))[0]!);
    tape.end();
  }
  const scale = built.lossScale && lossScaleState(await read(device, built.lossScale));
  built.parameters.release();
  return { losses, norms, scale };
}

describe("precision f16", () => {
  it.each(["conformer", "hybrid", "wav2vec2"] as const)(
    "of a %s follows f32 within the rounding of f16, and the loss falls",
    async (kind) => {
      if (!hasHalf()) return expect((await steps(1, "f16", kind)).scale).toBeUndefined();
      const [full, half] = [await steps(12, "f32", kind), await steps(12, "f16", kind)];
      expect(full.scale).toBeUndefined();
      // The first loss differs by rounding alone; later ones by what the first updates made of it.
      expect(Math.abs(half.losses[0]! / full.losses[0]! - 1)).toBeLessThan(2e-3);
      const applied = half.norms.findIndex(Number.isFinite);
      expect(Math.abs(half.norms[applied]! / full.norms[0]! - 1)).toBeLessThan(2e-2);
      expect(half.losses.at(-1)!).toBeLessThan(0.8 * half.losses[0]!);
      // Each step was either applied or skipped for an overflow, which halves the scale.
      const { scale, updates, skipped } = half.scale!;
      expect([updates, skipped, scale]).toEqual([12 - applied, applied, 65536 / 2 ** applied]);
    },
  );

  it("gives every parameter of a decoder the gradient of f32, within the rounding of f16", async () => {
    const { config, frames, bins } = cases.hybrid;
    const gradients = async (activation: "f32" | "f16") => {
      const built = buildModel(device, config, 6, { optimizer: true, half: activation === "f16", blank: 0 });
      const tape = new Tape(device, { seed: 1, step: 1, activation });
      const uploaded = uploadBatch(tape, batchOf(frames, bins), built.model);
      const { model, parameters } = built; // without the loss scale
      trainingStep(tape, { model, parameters }, uploaded, trainingPaths(config, 1), config, undefined);
      tape.end();
      const read = await parameters.read("grads");
      parameters.release();
      return [...read].filter(([name]) => name.startsWith("decoder."));
    };
    const full = await gradients("f32");
    const half = new Map(await gradients(hasHalf() ? "f16" : "f32"));
    const largest = (values: Float32Array): number =>
      values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const most = Math.max(...full.map(([, { values }]) => largest(values)));
    for (const [name, { values }] of full) {
      const off = half.get(name)!.values.map((value, i) => value - values[i]!);
      expect(largest(off) / Math.max(largest(values), most / 1000), name).toBeLessThan(1e-2); // the reference values' start for f16
    }
  });

  it("is f32 with a warning that names the adapter where its shaders have no f16", () => {
    const without = { features: new Set<string>(), info: { name: "Some adapter" } } as unknown as Device;
    expect(activationType(without, "f16")).toEqual({
      activation: "f32",
      warning:
        "precision f16: the adapter Some adapter does not support f16 in shaders (shader-f16), so this run uses f32",
    });
    expect(activationType(without, "f32")).toEqual({ activation: "f32" });
  });
});

it("f16 is taken with a warning where Dawn offers it only on demand, and not at all where shaders lack it", () => {
  const on = (features: string[], halfDoubtful?: true) => ({
    features: new Set(features),
    info: { ...device.info, description: "NVIDIA 580.159", ...(halfDoubtful && { halfDoubtful }) },
  });
  expect(activationType(on(["shader-f16"]), "f16")).toEqual({ activation: "f16" });
  expect(activationType(on(["shader-f16"], true), "f32")).toEqual({ activation: "f32" });
  expect(activationType(on(["shader-f16"], true), "f16")).toMatchObject({
    activation: "f16",
    warning: expect.stringMatching(/^precision f16: Dawn does not trust this driver's f16 \(NVIDIA 580\.159\)/),
  });
  expect(activationType(on([]), "f16")).toMatchObject({ activation: "f32" });
  const offered = (...names: string[]) => ({ features: new Set(names) as unknown as GPUSupportedFeatures });
  expect(doubtsAboutHalf(offered(), offered("shader-f16"))).toEqual({ halfDoubtful: true });
  expect(doubtsAboutHalf(offered("shader-f16"), offered("shader-f16"))).toEqual({});
});
