import { expect, it } from "vitest";
import { dropLayers } from "../../model/unfold.ts";
import { trainingPaths } from "../../train/training_paths.ts";
import { smallConfig } from "../train/small_model.ts";

const SCHEDULE = [0, 0, 1, 1, 2, 2];
const STEPS = Array.from({ length: 2000 }, (_, step) => step);

it("each layer is left out with the probability asked for, the same ones again for the same seed and step", () => {
  const left = STEPS.map((step) => dropLayers([0, 1, 2, 3, 4, 5], 0.2, 7, step));
  expect(left).toEqual(STEPS.map((step) => dropLayers([0, 1, 2, 3, 4, 5], 0.2, 7, step)));
  expect(left).not.toEqual(STEPS.map((step) => dropLayers([0, 1, 2, 3, 4, 5], 0.2, 8, step)));
  for (const layer of [0, 1, 2, 3, 4, 5]) {
    const kept = left.filter((schedule) => schedule.includes(layer)).length / STEPS.length;
    expect(Math.abs(kept - 0.8)).toBeLessThan(0.04); // over four standard deviations
  }
});

it("the layers left keep their order, and one always stays", () => {
  for (const step of STEPS) {
    const left = dropLayers(SCHEDULE, 0.99, 1, step);
    expect(left.length).toBeGreaterThan(0);
    expect(left).toEqual([...left].sort());
  }
  expect(dropLayers(SCHEDULE, 0, 1, 1)).toEqual(SCHEDULE);
});

it("a step leaves layers of the deep path out, under its depth's name, and none of the seed's", () => {
  const config = smallConfig("unfold.depths=[2, 6]", "loss.layer_drop=0.4");
  const steps = STEPS.slice(0, 20).map((step) => trainingPaths(config, step));
  for (const [deep, seed] of steps) {
    expect([deep?.depth, seed?.depth, seed?.schedule]).toEqual([6, 2, [0, 1]]);
    expect(deep?.schedule.length).toBeLessThanOrEqual(6);
  }
  expect(new Set(steps.map(([deep]) => deep?.schedule.length)).size).toBeGreaterThan(2);
});
