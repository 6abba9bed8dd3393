import { expect, it } from "vitest";
import { oneSampleT, twoTails } from "../../../train/experiment/student_t.ts";

it.each([
  // Two-sided quantiles of 5 % and 1 % from any table of t.
  [12.7062, 1, 0.05],
  [63.6567, 1, 0.01],
  [4.30265, 2, 0.05],
  [9.92484, 2, 0.01],
  [3.18245, 3, 0.05],
  [5.84091, 3, 0.01],
  [2.77645, 4, 0.05],
  [2.57058, 5, 0.05],
  [2.26216, 9, 0.05],
  [2.22814, 10, 0.05],
  [2.6395046, 79, 0.01],
  [2.63869, 80, 0.01],
])("more than %d away from 0 with %d degrees of freedom has the probability %d", (t, freedom, p) => {
  expect(Math.abs(twoTails(t, freedom) - p)).toBeLessThan(2e-6);
});

it("the test of one sample, as scipy.stats.ttest_1samp has it", () => {
  expect(oneSampleT([0.012, 0.004, 0.009])).toBeCloseTo(0.070239995868, 9);
  expect(oneSampleT([-0.012, -0.004, -0.009])).toBeCloseTo(0.070239995868, 9);
  expect(oneSampleT([0.3, -0.1, 0.2, 0.25, 0.05])).toBeCloseTo(0.128147948713, 9);
  expect(oneSampleT([0.01, -0.01])).toBe(1);
  expect(oneSampleT([0.01, 0.01])).toBe(0); // equal to the last digit
  expect(() => oneSampleT([0.1])).toThrow("oneSampleT: got 1 values, expected two or more");
});
