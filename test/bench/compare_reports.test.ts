import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compareReports, comparisonTable, expectAdapter, worstRegression } from "../../bench/report/compare_reports.ts";
import { readReport } from "../../bench/report/read_report.ts";
import type { BenchReport, TimedResult } from "../../bench/report/schema.ts";
import { UserError } from "../../engine/errors.ts";
import { fixedReport } from "./fixed_report.ts";

/** The fixed report with other times of a case's forward pass. */
function changed(name: string, change: Partial<TimedResult["forward"]>): BenchReport {
  const report = fixedReport();
  const result = report.kernels!.results.find((one) => one.case === name) as TimedResult;
  Object.assign(result.forward, change);
  return report;
}

const verdictOf = (change: Partial<TimedResult["forward"]>): string | undefined =>
  compareReports(fixedReport(), changed("800 x 256", change)).comparisons.find(
    ({ label }) => label === "layer_norm: 800 x 256",
  )?.verdict;

describe("comparing two runs", () => {
  it("finds each time that both have", () => {
    const { comparisons, onlyOld, onlyNew } = compareReports(fixedReport(), fixedReport());
    expect(comparisons.map(({ label, ratio, verdict }) => [label, ratio, verdict])).toEqual([
      ["matmul: 512 cubed", 1, "same"],
      ["matmul: 512 cubed, with backward", 1, "same"],
      ["layer_norm: 800 x 256", 1, "same"],
      ["layer_norm: 800 x 256, with backward", 1, "same"],
      ["permute: odd", 1, "same"],
    ]);
    expect([onlyOld, onlyNew]).toEqual([0, 0]);
  });

  it("calls a difference one only beyond 10 % and three deviations of both runs", () => {
    // Then 1 ms ± 0.02.
    expect(verdictOf({ medianMs: 1.2, spreadMs: 0.02 })).toBe("slower");
    expect(verdictOf({ medianMs: 1.2, spreadMs: 0.07 })).toBe("same"); // 3 · √(0.02² + 0.07²) = 0.22
    expect(verdictOf({ medianMs: 1.09, spreadMs: 0 })).toBe("same");
    expect(verdictOf({ medianMs: 0.8, spreadMs: 0.02 })).toBe("faster");
    expect(verdictOf({ medianMs: 9, clock: "queue" })).toBe("other clock");
  });

  it("names the worst regression by its ratio", () => {
    const now = changed("800 x 256", { medianMs: 3 });
    (now.kernels!.results[0] as TimedResult).forward.medianMs = 40;
    expect(worstRegression(compareReports(fixedReport(), now))).toMatchObject({
      label: "layer_norm: 800 x 256",
      ratio: 3,
    });
    expect(worstRegression(compareReports(now, fixedReport()))).toBeUndefined();
  });

  it("says what only one of them has, and the device's own roof", () => {
    const now = changed("800 x 256", { medianMs: 3 });
    now.kernels!.results.shift();
    now.kernels!.roof.gigabytesPerSecond = 5;
    const text = comparisonTable(compareReports(fixedReport(), now), fixedReport(), now);
    expect(text).toMatch(/^layer_norm: 800 x 256 +1\.00 +3\.00 +3\.00 +slower$/m);
    expect(text).toContain(
      "Compared with 2000-01-01T00:00:00.000Z: 3 times, 1 slower and 0 faster beyond the spread, 2 only then.",
    );
    expect(text).toContain("The device's own roof: 10.0 GB/s then and 5.00 now, 100 GFLOP/s then and 100 now.");
  });

  it("compares training steps", () => {
    const report = fixedReport();
    const step = (medianMs: number): BenchReport => ({
      ...report,
      step: [
        { configuration: "tiny", paths: [{ status: "timed", path: "depth 2", timing: { medianMs, spreadMs: 0 } }] },
      ] as unknown as BenchReport["step"],
    });
    expect(worstRegression(compareReports(step(1), step(2)))).toMatchObject({ label: "step tiny: depth 2", ratio: 2 });
  });
});

describe("reading a report", () => {
  let folder: string;
  beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "unfold-reports-"))));
  afterAll(() => rmSync(folder, { recursive: true }));
  const fileOf = (text: string): string => {
    const path = join(folder, "report.json");
    writeFileSync(path, text);
    return path;
  };

  it("gives back what was written", () => {
    expect(readReport(fileOf(JSON.stringify(fixedReport())))).toEqual(fixedReport());
  });

  it.each([
    ["{", "is not a report of 'unfold bench --json': it is not JSON"],
    ["null", "is not a report of 'unfold bench --json'"],
    ["[1]", "is not a report of 'unfold bench --json'"],
    [
      JSON.stringify({ ...fixedReport(), version: 2 }),
      "is a report of version 2, but this is version 1: measure both with the same version",
    ],
    [JSON.stringify({ ...fixedReport(), kernels: { results: 3 } }), "is a damaged report: kernels."],
    [
      JSON.stringify({ ...fixedReport(), step: [{}] }),
      "is a damaged report: step.0: expected the results of a training step",
    ],
  ])("refuses %.20s in a sentence", (text, message) => {
    const path = fileOf(text);
    expect(() => readReport(path)).toThrow(UserError);
    expect(() => readReport(path)).toThrow(`--compare: ${path} ${message}`);
  });

  it("refuses a file that is not there, and another adapter", () => {
    expect(() => readReport(join(folder, "none.json"))).toThrow(
      `--compare: ${join(folder, "none.json")} does not exist`,
    );
    expect(() => expectAdapter(fixedReport(), "Slide rule", "old.json")).toThrow(
      "--compare: old.json was measured on Abacus <2>, but this is Slide rule: add --any-adapter to see the ratios anyway",
    );
    expect(() => expectAdapter(fixedReport(), "Abacus <2>", "old.json")).not.toThrow();
  });
});
