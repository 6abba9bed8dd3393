import { describe, expect, it } from "vitest";
import { kernelTable } from "../../bench/kernel_table.ts";
import { mergeTables } from "../../bench/merge_tables.ts";
import { placeLabels } from "../../bench/report/labels.ts";
import { benchPage } from "../../bench/report/page.ts";
import { throwUntimed } from "../../bench/run_bench.ts";
import { fixedReport } from "./fixed_report.ts";

describe("the page of a report", () => {
  const page = benchPage(fixedReport());

  it("is whole in itself, and what it shows is escaped", () => {
    expect(page).not.toMatch(/<script|<link|src=|href="http/);
    expect(page).toContain("<h1>Abacus &lt;2&gt;</h1>");
    expect(page).not.toContain("broken <tile>");
    expect(page).not.toMatch(/NaN|undefined|Infinity/);
  });

  it("has a dot for each case with arithmetic and one for each other variant", () => {
    expect(page).toContain("matmul: 512 cubed\n20.0 ms, 50.0 GFLOP/s, 50 % of the roof");
    expect(page).toContain("matmul: 512 cubed as plain\n100 ms, 10.0 GFLOP/s, 10 % of the roof");
    expect(page).toContain("layer_norm: 800 x 256\n1.00 ms, 1.00 GFLOP/s, 20 % of the roof");
    expect(page).not.toContain("permute: odd\n");
    expect(page).toContain("; without arithmetic, and so only below: 1");
  });

  it("has the variants side by side, the table, and what was not timed", () => {
    expect(page).toContain("<title>plain: 100 ms</title>");
    expect(page).toContain("matmul: 512 cubed: rows 512, transposeA");
    expect(page).toMatch(/<td class="left">permute<\/td>/);
    expect(page).toContain("WRONG softmax: wide: y: 1 of 15 values differ");
    expect(page).toContain("WRONG matmul: 512 cubed, matmul as broken &lt;tile&gt;: y: 3 of 9 values differ");
  });

  it("does without kernels, and with wrong ones alone", () => {
    const report = fixedReport();
    expect(benchPage({ ...report, kernels: null })).toContain("Measured with care.");
    const wrong = { ...report.kernels!, results: report.kernels!.results.slice(3) };
    expect(benchPage({ ...report, kernels: wrong })).toContain("WRONG softmax");
  });
});

it("the table shows variant, rate in the unit of the bound, share of the roof, and what must be and is moved", () => {
  const text = kernelTable(fixedReport().kernels!);
  expect(text).toMatch(
    /^matmul +512 cubed +tile +1000 +20\.0 +0\.40 +50\.0 GFLOP\/s +50 % +0\.954 +1\.91 +80\.0 +70\.0 +1\.4 +4\.77 +80\.0$/m,
  );
  expect(text).toMatch(/^permute +odd +0 +4\.00 +0\.080 +1\.00 GB\/s +10 % +3\.81 +7\.63 +80\.0$/m);
  expect(text).toMatch(/^softmax +wide +WRONG$/m);
});

it("a wrong case or variant is a failure", () => {
  expect(() => throwUntimed(fixedReport())).toThrow(
    "2 of 5 not timed: softmax: wide (wrong), matmul: 512 cubed as broken <tile> (wrong)",
  );
});

describe("labels in a chart", () => {
  const space = { width: 400, height: 100, avoid: [] };

  it("are beside their points, and none covers another or the edge", () => {
    const placed = placeLabels(
      [
        { x: 100, y: 50, text: "one" },
        { x: 100, y: 50, text: "two" },
        { x: 395, y: 50, text: "three" },
      ],
      space,
    );
    expect(placed.map(({ item, anchor }) => [item.text, anchor])).toEqual([
      ["one", "start"],
      ["two", "end"],
      ["three", "end"],
    ]);
  });

  it("are left out where there is no place, or the same word is near", () => {
    expect(
      placeLabels(
        [
          { x: 100, y: 50, text: "one" },
          { x: 120, y: 50, text: "one" },
        ],
        space,
      ).length,
    ).toBe(1);
    expect(placeLabels([{ x: 5, y: 5, text: "a very long name indeed" }], { ...space, width: 20 })).toEqual([]);
  });
});

it("a new tuned table keeps what only the old one measured", () => {
  const entry = (rows: number, tile: number) => ({ sizes: { rows }, ms: { tile } });
  const table = { adapter: "a", driver: "d", date: "then", command: "c" };
  const merged = mergeTables(
    { ...table, operations: { matmul: [entry(1, 10), entry(2, 20)], softmax: [entry(1, 3)] } },
    { ...table, date: "now", operations: { matmul: [entry(2, 5), entry(4, 6)] } },
  );
  expect(merged).toEqual({
    ...table,
    date: "now",
    operations: { matmul: [entry(1, 10), entry(2, 5), entry(4, 6)], softmax: [entry(1, 3)] },
  });
});
