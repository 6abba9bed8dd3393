import { expect, it } from "vitest";
import type { KernelResult, TimedResult } from "../../../bench/report/schema.ts";
import { leastSteps, rowsOf, variantOf } from "../../../web/page/bench/rows.ts";
import { fixedReport } from "../../bench/fixed_report.ts";

const { kernels } = fixedReport();
const results = kernels!.results;
const timed = results.find((result): result is TimedResult => result.status === "timed")!;
const wrong: KernelResult = { operation: "glu", case: "small", status: "wrong", problem: "y: 1 of 2 values differ" };

it("has a row for each case that any report has, this device's first", () => {
  const elsewhere = { ...timed, case: "only elsewhere" };
  const rows = rowsOf([wrong, timed], [{ ...kernels!, results: [elsewhere, timed] }]);
  expect(rows.map(({ operation, name, own, others }) => [operation, name, own?.status, others[0]?.status])).toEqual([
    ["glu", "small", "wrong", undefined],
    [timed.operation, timed.case, "timed", "timed"],
    [timed.operation, "only elsewhere", undefined, "timed"],
  ]);
});

it("names the forward pass's variants, else the backward pass's", () => {
  const choice = { operation: "glu", sizes: {}, variants: [] };
  const backward = { ...choice, pass: "backward" as const, chosen: "wide" };
  expect(variantOf({ ...timed, choices: [backward] })).toBe("wide");
  const forward = { ...choice, pass: "forward" as const, chosen: "narrow" };
  expect(variantOf({ ...timed, choices: [forward, { ...forward, sizes: { rows: 2 } }, backward] })).toBe("narrow");
  expect(variantOf(wrong)).toBe("");
});

it("counts the clock's steps in the shortest sample", () => {
  const result = (medianMs: number, callsPerSample: number): TimedResult => ({
    ...timed,
    forward: { ...timed.forward, medianMs, callsPerSample },
    forwardBackward: null,
  });
  const clock = { name: "queue" as const, why: "the device's timestamps are too coarse", stepNanoseconds: 100_000 };
  expect(leastSteps({ clock, results: [result(0.02, 300), result(40, 2), wrong] })).toBe(60);
  expect(leastSteps({ clock: { ...clock, stepNanoseconds: undefined }, results: [result(1, 2)] })).toBeUndefined();
});
