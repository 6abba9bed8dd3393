import { describe, expect, it } from "vitest";
import { Parameters } from "../../engine/parameters.ts";
import { normal } from "../../engine/random.ts";
import { Tape } from "../../engine/tape.ts";
import { read } from "../../engine/transfer.ts";
import type { ConformerConfig } from "../../model/conformer/config.ts";
import { ConformerCtc } from "../../model/conformer/conformer_ctc.ts";
import { scaledSchedules, stochasticDepth } from "../../model/stochastic_depth.ts";
import { countApplications, depthSchedule, type DepthSchedule } from "../../model/unfold.ts";
import { evaluatedPaths } from "../../config/depths.ts";
import { trainingPaths } from "../../train/training_paths.ts";
import { testDevice } from "../test_device.ts";
import { tiny } from "./tiny_conformer.ts";
import { smallConfig } from "../train/small_model.ts";

const STEPS = Array.from({ length: 4000 }, (_, step) => step);
const SCHEDULE = [0, 1, 2, 3, 4, 5];

describe("draws", () => {
  const drawn = (rate: number, seed = 7) => STEPS.map((step) => stochasticDepth(SCHEDULE, rate, seed, step));

  it("skip layer l of L with probability rate l / L, and keep its expectation", () => {
    const kept = drawn(0.6);
    for (const layer of SCHEDULE) {
      const skipped = (0.6 * (layer + 1)) / 6;
      const factors = kept.map(({ schedule, residualScales }) => residualScales[schedule.indexOf(layer)] ?? 0);
      for (const factor of factors.filter((found) => found > 0)) expect(factor).toBeCloseTo(1 / (1 - skipped), 12);
      const mean = factors.reduce((sum, factor) => sum + factor) / STEPS.length;
      const deviation = Math.sqrt(skipped / (1 - skipped) / STEPS.length); // of the mean of factors that are 0 or 1 / (1 - p)
      expect(Math.abs(mean - 1)).toBeLessThan(4.5 * deviation);
    }
  });

  it("are the same for the same seed and step, others for another seed, and none at rate 0 or without skipping", () => {
    expect(drawn(0.6)).toEqual(drawn(0.6));
    expect(drawn(0.6)).not.toEqual(drawn(0.6, 8));
    expect(stochasticDepth(SCHEDULE, 0, 7, 1)).toEqual({ schedule: SCHEDULE, residualScales: [1, 1, 1, 1, 1, 1] });
    for (const step of STEPS.slice(0, 50))
      expect(stochasticDepth(SCHEDULE, 0.9, 7, step, false).schedule).toEqual(SCHEDULE);
  });
});

describe("of a config", () => {
  const at = (rate: number, ...sets: string[]) =>
    smallConfig("unfold.depths=[2, 6]", `model.stochastic_depth_rate=${rate}`, ...sets);

  it("every trained path skips layers, together with LayerDrop; evaluation none", () => {
    const lengths = (...sets: string[]): number[][] => {
      const steps = STEPS.slice(0, 400).map((step) => trainingPaths(at(0.5, ...sets), step));
      for (const [deep, seed] of steps) expect([deep?.depth, seed?.depth]).toEqual([6, 2]);
      return steps.map((paths) => paths.map(({ schedule }) => schedule.length));
    };
    const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value) / values.length;
    const [deep, seed] = [0, 1].map((path) => mean(lengths().map((of) => of[path]!)));
    // Layers kept of L: L - rate (L + 1) / 2
    expect(Math.abs(deep! - 4.25)).toBeLessThan(0.3);
    expect(Math.abs(seed! - 1.25)).toBeLessThan(0.2);
    expect(mean(lengths("loss.layer_drop=0.3").map((of) => of[0]!))).toBeLessThan(3.6);
    expect(evaluatedPaths(at(0.5))).toEqual(evaluatedPaths(at(0)));
    expect(trainingPaths(at(0), 3).map(({ residualScales }) => residualScales)).toEqual([undefined, undefined]);
  });

  it("paths share layers only where the factors are the same", () => {
    const paths = trainingPaths(at(0.5, "unfold.order=cycle"), 1, false);
    const schedules = paths.map(({ schedule }) => schedule);
    const scales = paths.map(({ residualScales }) => residualScales);
    expect(countApplications(schedules)).toBe(6);
    expect(countApplications(scaledSchedules(schedules, scales).schedules)).toBe(8);
    expect(countApplications(scaledSchedules(schedules).schedules)).toBe(6);
  });
});

describe("a model whose layers are scaled", () => {
  const device = testDevice();
  const undropped: ConformerConfig = { ...tiny, dropout: 0 };
  const BRANCH_ENDS = /\.(feed_forward(_macaron)?\.w_2|self_attn\.linear_out|conv_module\.pointwise_conv2)\./u;
  const seed = depthSchedule("repeat", 2, 2);

  /** Logits of each path, with block b's branches multiplied by `gains[b]`. */
  async function run(
    schedules: readonly DepthSchedule[],
    gains: readonly number[],
    residualScales?: readonly (readonly number[])[],
    checkpointing = false,
  ) {
    const parameters = new Parameters();
    const model = new ConformerCtc(parameters, undropped);
    parameters.seal(device(), { seed: 4 });
    let found = 0;
    for (const { name, tensor } of parameters.all) {
      const block = /encoders\.(\d)/u.exec(name)?.[1];
      if (block === undefined || !BRANCH_ENDS.test(name)) continue;
      found++;
      parameters.write(
        name,
        Float32Array.from(await read(device(), tensor), (value) => value * gains[Number(block)]!),
      );
    }
    expect(found).toBe(2 * 8); // weight and bias of four branches
    const tape = new Tape(device(), { seed: 1, step: 1 });
    const frames = 40;
    const features = Float32Array.from({ length: frames * undropped.inputDim }, (_, i) => normal(3, i));
    const { logits } = model.forward(
      tape,
      tape.upload(features, [1, frames, undropped.inputDim]),
      [frames],
      schedules,
      {
        checkpointing,
        ...(residualScales && { residualScales }),
      },
    );
    const values = await Promise.all(logits.map(async (path) => [...(await read(device(), path))]));
    tape.end();
    parameters.release();
    return values;
  }

  const difference = (a: readonly number[], b: readonly number[]): number =>
    Math.max(...a.map((value, i) => Math.abs(value - b[i]!)));

  it("computes what scaled weights at the end of each branch do", async () => {
    const [plain] = await run([seed], [1, 1]);
    const [weights] = await run([seed], [1.5, 2.5]);
    const [scaled] = await run([seed], [1, 1], [[1.5, 2.5]]);
    const [recomputed] = await run([seed], [1, 1], [[1.5, 2.5]], true);
    expect(difference(scaled!, weights!)).toBeLessThan(1e-4);
    expect(difference(recomputed!, scaled!)).toBe(0);
    expect(difference(scaled!, plain!)).toBeGreaterThan(1e-2);
  });

  it("gives each path its own factors, and one without layers its subsampled features", async () => {
    const together = await run([seed, seed, []], [1, 1], [[1.5, 2.5], [1, 1], []]);
    const [first] = await run([seed], [1, 1], [[1.5, 2.5]]);
    const [second] = await run([seed], [1, 1]);
    expect(together.slice(0, 2)).toEqual([first, second]);
    expect(together[2]!.every(Number.isFinite)).toBe(true);
    expect(difference(together[2]!, second!)).toBeGreaterThan(1e-2);
  });
});
