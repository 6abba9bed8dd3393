import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { findRaces, type RaceCase } from "./race_check.ts";

const root = new URL("../../", import.meta.url);
const shader = (label: string): string => readFileSync(new URL(`${label}.wgsl`, root), "utf8");
const BARRIER = /(workgroup|storage)Barrier\(\);/;

const ctcSizes = { batch: 2, frames: 4, classes: 3, longest: 2, blank: 0 };
const ctcInputs = { logits: 24, log_normaliser: 8, targets: [1, 1, 2, 0], input_lengths: [4, 3], target_lengths: [2, 1], alpha: 40 };
const product = (transposed: boolean): RaceCase => ({
  sizes: { rows: 5, cols: 9, inner: 18, size0: 1, size1: 1, size2: 1, a0: 90, a1: 90, a2: 90, b0: 162, b1: 162, b2: 162 },
  constants: { TRANSPOSE_A: transposed, TRANSPOSE_B: transposed },
  buffers: { a: 90, b: 162, bias: 9, y: 45, pre: 45 },
  workgroups: [1, 1, 1],
});

/** Small cases of the kernels whose threads meet at barriers. Threads of a subgroup need none, so matmul/subgroup_tile is not here. */
const cases: Record<string, RaceCase[]> = {
  "kernels/total_loss": [{ sizes: { count: 70, factor: 1, mean: 1 }, buffers: { losses: 70, weights: 70, total: 1, normaliser: 1 }, workgroups: [1, 1, 1] }],
  "kernels/grad_norm/norm": [{ sizes: { count: 70 }, buffers: { partial: 70, norm: 1 }, workgroups: [1, 1, 1] }],
  "kernels/ctc_loss/alpha": [{ sizes: ctcSizes, buffers: ctcInputs, workgroups: [2, 1, 1] }],
  "kernels/ctc_loss/occupancy": [{ sizes: ctcSizes, buffers: { ...ctcInputs, beta: 20, occupancy: 40 }, workgroups: [2, 1, 1] }],
  "kernels/matmul/workgroup_tile": [product(false), product(true)],
};

const withBarriers = readdirSync(new URL("kernels/", root), { recursive: true, encoding: "utf8" })
  .map((path) => `kernels/${path.replaceAll("\\", "/")}`)
  .filter((path) => path.endsWith(".wgsl"))
  .map((path) => path.slice(0, -".wgsl".length))
  .filter((label) => BARRIER.test(shader(label)) || shader(label).includes("var<workgroup>"));

describe("threads of a workgroup", () => {
  it("every kernel with barriers or workgroup memory has a case here", () => {
    expect(Object.keys(cases).sort()).toEqual(withBarriers.sort());
  });

  for (const [label, labelCases] of Object.entries(cases)) {
    it(`do not race in ${label}`, () => {
      for (const raceCase of labelCases) expect(findRaces(label, shader(label), raceCase)).toEqual([]);
    });

    it(`would race in ${label} without any one of its barriers`, () => {
      const code = shader(label);
      for (const { index, 0: barrier } of code.matchAll(new RegExp(BARRIER, "g"))) {
        const without = code.slice(0, index) + code.slice(index + barrier.length);
        expect(findRaces(label, without, labelCases[0]!), `without the barrier at ${index}`).not.toEqual([]);
      }
    });
  }

  it("race in a small shader once its barrier is removed", () => {
    const code = shader("test/engine/shaders/reversed");
    const reversed: RaceCase = { buffers: { x: 8, y: 8 }, workgroups: [1, 1, 1] };
    expect(findRaces("reversed", code, reversed)).toEqual([]);
    expect(findRaces("reversed", code.replace("workgroupBarrier();", ""), reversed).join()).toMatch(/shared_x/);
  });
});
