import { expect, it } from "vitest";
import { countParameters, evaluatedPaths, parametersOf, trainingPaths, untiedParameters } from "../../train/depths.ts";
import { testDevice } from "../test_device.ts";
import { smallConfig, smallModel } from "./small_model.ts";

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
  expect(trainingPaths(smallConfig("unfold.depths=[2, 3]"), 0).map(({ depth, schedule }) => [depth, schedule])).toEqual([[3, [0, 1, 1]], [2, [0, 1]]]);
  expect(trainingPaths(smallConfig("unfold.depths=[2]"), 0)).toEqual([{ depth: 2, schedule: [0, 1], ctcWeight: 1, distilled: false }]);
});

it("the depths of the config are evaluated, shallow first", () => {
  expect(evaluatedPaths(smallConfig("unfold.depths=[4, 1, 2]", "unfold.order=cycle")).map(({ schedule }) => schedule)).toEqual([[0], [0, 1], [0, 1, 0, 1]]);
});

it("parameters: shared blocks count once, unused ones not at all, a model that shares nothing has them all", () => {
  const config = smallConfig();
  const counts = countParameters(smallModel(device(), config).parameters);
  const { block } = counts;
  // Without its blocks: subsampling and final norm, and outside of the encoder the CTC head.
  const rest = counts.encoder - 2 * block;
  expect(block).toBeGreaterThan(1000);
  expect(counts.whole - counts.encoder).toBe(16 * 6 + 6);
  const sizes = (schedule: number[]) => [parametersOf(counts, 2, schedule).encoder, untiedParameters(counts, 2, schedule).encoder];
  expect(sizes([0, 1])).toEqual([rest + 2 * block, rest + 2 * block]);
  expect(sizes([0, 0, 1, 1])).toEqual([rest + 2 * block, rest + 4 * block]);
  expect(sizes([0])).toEqual([rest + block, rest + block]);
});
