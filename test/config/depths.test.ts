import { expect, it } from "vitest";
import { UserError } from "../../engine/errors.ts";
import { scheduleOf, evaluatedPaths, judgedDepth } from "../../config/depths.ts";
import { trainingPaths } from "../../train/training_paths.ts";
import { countParameters, parametersOf, untiedParameters } from "../../model/parameter_counts.ts";
import { testDevice } from "../test_device.ts";
import { smallConfig, smallModel } from "../train/small_model.ts";

const device = testDevice();

it("a step trains the deep path, the seed, and middle depths that are drawn anew each step, the same ones again for the same step", () => {
  const config = smallConfig("unfold.depths=[2, 4, 8]", "loss.middle_depths=2");
  const depths = (step: number): number[] => trainingPaths(config, step).map(({ depth }) => depth);
  const drawn = Array.from({ length: 60 }, (_, step) => depths(step));
  expect(drawn).toEqual(Array.from({ length: 60 }, (_, step) => depths(step)));
  for (const [deep, seed, ...middle] of drawn) {
    expect([deep, seed]).toEqual([8, 2]);
    expect(new Set(middle).size).toBe(2);
    expect(middle.every((depth) => depth > 2 && depth < 8)).toBe(true);
  }
  expect(new Set(drawn.flatMap((all) => all.slice(2)))).toEqual(new Set([3, 4, 5, 6, 7]));
});

it("without depths between there is nothing to draw, and a seed that is not unfolded is one path", () => {
  expect(trainingPaths(smallConfig("unfold.depths=[2, 3]"), 0).map(({ depth, schedule }) => [depth, schedule])).toEqual(
    [
      [3, [0, 1, 1]],
      [2, [0, 1]],
    ],
  );
  expect(trainingPaths(smallConfig("unfold.depths=[2]"), 0)).toEqual([
    { depth: 2, schedule: [0, 1], weight: 1, distilled: false },
  ]);
});

const trained = (...sets: string[]) =>
  trainingPaths(smallConfig(...sets), 0).map(({ depth, schedule, weight, distilled }) => [
    depth,
    schedule.join(""),
    weight,
    distilled,
  ]);

it("with depth_weights exactly these depths are trained, deepest first, and the shallowest is distilled", () => {
  expect(trained("unfold.depths=[2, 6]", "loss.depth_weights={2: 0.25, 6: 1}")).toEqual(
    trained("unfold.depths=[2, 6]"),
  );
  expect(trained("unfold.depths=[2, 6]", "loss.depth_weights={6: 1}")).toEqual([[6, "000111", 1, false]]);
  expect(trained("unfold.depths=[2, 6]", "loss.depth_weights={2: 1}")).toEqual([[2, "01", 1, false]]);
  expect(trained("model.blocks=6", "unfold.depths=[2, 4, 6]", "loss.depth_weights={2: 0.3, 4: 0.5, 6: 1}")).toEqual([
    [6, "012345", 1, false],
    [4, "0123", 0.5, false],
    [2, "01", 0.3, true],
  ]);
  expect(
    trained("model.blocks=6", "unfold.depths=[2, 4, 6]", "unfold.shallow=even", "loss.depth_weights={2: 1, 6: 1}"),
  ).toEqual([
    [6, "012345", 1, false],
    [2, "25", 1, true],
  ]);
});

it("a depth of weight 0 runs only where it teaches or learns", () => {
  const weights = "loss.depth_weights={2: 0, 3: 0, 4: 1, 6: 0}";
  expect(trained("unfold.depths=[2, 6]", weights).map(([depth]) => depth)).toEqual([6, 4, 2]);
  expect(trained("unfold.depths=[2, 6]", weights, "loss.kl_weight=0")).toEqual([[4, "0011", 1, false]]);
});

it("middle depths are trained as the shallowest is; none that is trained anyway; with norms per depth only those of the config", () => {
  const drawn = (...sets: string[]) =>
    new Set(
      Array.from({ length: 40 }, (_, step) => trainingPaths(smallConfig(...sets), step))
        .flatMap((paths) => paths.filter((path, i) => i > 1 && path.distilled))
        .map(({ depth, weight }) => `${depth}: ${weight}`),
    );
  expect(drawn("unfold.depths=[2, 6]", "loss.depth_weights={3: 0.5, 6: 1}", "loss.middle_depths=1")).toEqual(
    new Set(["4: 0.5", "5: 0.5"]),
  );
  expect(drawn("unfold.depths=[2, 5, 8]", "model.norms=per_depth", "loss.middle_depths=1")).toEqual(
    new Set(["5: 0.25"]),
  );
});

it("where depths have their own norms, no other depth has a schedule", () => {
  const config = smallConfig("unfold.depths=[4, 6]", "model.norms=per_depth"); // and the seed, which is trained
  expect([2, 4, 6].map((depth) => scheduleOf(config, depth).length)).toEqual([2, 4, 6]);
  expect(() => scheduleOf(config, 3)).toThrow(
    new UserError("depth 3 has no norms: model.norms is per_depth, for the depths 2, 4, 6"),
  );
});

it("the depths of the config are evaluated, shallow first", () => {
  expect(
    evaluatedPaths(smallConfig("unfold.depths=[4, 1, 2]", "unfold.order=cycle")).map(({ schedule }) => schedule),
  ).toEqual([[0], [0, 1], [0, 1, 0, 1]]);
});

it("parameters: shared blocks count once, unused ones not at all, a model that shares nothing has them all", () => {
  const config = smallConfig();
  const counts = countParameters(smallModel(device(), config));
  const { block } = counts;
  // Without its blocks: subsampling and final norm, and outside of the encoder the CTC head.
  const rest = counts.encoder - 2 * block;
  expect(block).toBeGreaterThan(1000);
  expect(counts.whole - counts.encoder).toBe(16 * 6 + 6);
  const sizes = (schedule: number[]) => [
    parametersOf(counts, 2, schedule).encoder,
    untiedParameters(counts, 2, schedule).encoder,
  ];
  expect(sizes([0, 1])).toEqual([rest + 2 * block, rest + 2 * block]);
  expect(sizes([0, 0, 1, 1])).toEqual([rest + 2 * block, rest + 4 * block]);
  expect(sizes([0])).toEqual([rest + block, rest + block]);
});

it("parameters of a path count its own depth's norms and no other's", () => {
  const shared = countParameters(smallModel(device(), smallConfig()));
  const own = countParameters(smallModel(device(), smallConfig("unfold.depths=[2, 3, 4]", "model.norms=per_depth")));
  // Two blocks of six norms and the final one, scale and shift of 16 channels, of two depths more.
  expect(own.whole - shared.whole).toBe(2 * 13 * 32);
  expect(own.block).toBe(shared.block);
  for (const schedule of [[0, 1], [0, 0, 1, 1], [0]]) {
    expect(parametersOf(own, 2, schedule)).toEqual(parametersOf(shared, 2, schedule));
    expect(untiedParameters(own, 2, schedule)).toEqual(untiedParameters(shared, 2, schedule));
  }
});

it("the best checkpoint is that of the deepest evaluated depth which is trained", () => {
  expect(judgedDepth(smallConfig("unfold.depths=[2, 4, 6]"))).toBe(6);
  expect(judgedDepth(smallConfig("unfold.depths=[2, 4, 6]", "loss.depth_weights={2: 1}"))).toBe(2);
  expect(judgedDepth(smallConfig("unfold.depths=[2, 4, 6]", "loss.depth_weights={2: 1, 5: 1}"))).toBe(4);
  expect(judgedDepth(smallConfig("unfold.depths=[4, 6]", "loss.depth_weights={2: 1}"))).toBe(4);
});
