import { expect, it } from "vitest";
import { measureAgreement } from "../../bench/report/compare.ts";

const tolerance = { rtol: 1e-3, atol: 1e-4 };
const expected = { shape: [4], data: Float64Array.of(1, -8, 0, Infinity) };

it("tells the error that comes nearest to its tolerance, not the largest", () => {
  const { largest, problem } = measureAgreement("y", [1.0015, -8.003, 0, Infinity], expected, tolerance);
  expect(problem).toBeUndefined();
  expect(largest.of).toBe("y");
  expect(largest.error).toBeCloseTo(0.0015, 6); // 0.003 at -8 is less of what is allowed there
  expect(largest.allowed).toBeCloseTo(0.0018, 6);
});

it("says how many values differ", () => {
  const { largest, problem } = measureAgreement("dx", [1, -8.1, 0, 5], expected, tolerance);
  expect(problem).toBe("dx: 2 of 4 values differ; first at [1]: expected -8, got -8.1");
  expect(largest.error).toBe(Infinity);
});
