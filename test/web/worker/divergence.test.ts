import { expect, it } from "vitest";
import { klToDeepest } from "../../../web/worker/divergence.ts";

it("is the mean over frames of the deepest path's expected log-ratio", () => {
  const deepest = Float32Array.from([0.5, 0.5, 1, 0], Math.log);
  const other = Float32Array.from([0.25, 0.75, 0.5, 0.5], Math.log);
  const first = 0.5 * Math.log(0.5 / 0.25) + 0.5 * Math.log(0.5 / 0.75);
  expect(klToDeepest(deepest, other, 2)).toBeCloseTo((first + Math.log(2)) / 2, 6);
  expect(klToDeepest(deepest, deepest, 2)).toBe(0);
});
