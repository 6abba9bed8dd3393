import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { node, ROOT } from "../built.ts";

const folder = mkdtempSync(join(tmpdir(), "unfold-visit-"));
afterAll(() => rmSync(folder, { recursive: true }));

const table = async (): Promise<string[]> => {
  const { status, stdout, stderr } = await node(["bench/gpu/table.mjs", folder], {}, ROOT);
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return stdout.split("\n");
};
const keep = (name: string, value: unknown): void => writeFileSync(join(folder, name), JSON.stringify(value));

it("a visit that was stopped at once has a table that says that nothing is measured", async () => {
  const lines = await table();
  expect(lines).toContain("| what is computed is right, f32 | not measured |  |");
  expect(lines).toContain("| matmul f32: 50 % of the f32 peak | not measured |  |");
});

it("each precision has a verdict of its own, of all its processes, which is no yes where one did not come to the end", async () => {
  const part = { adapter: "GPU", driver: "580", offered: true, halfDoubtful: false, matrixUnits: true, checks: 2 };
  const right = { name: "softmax: rows", ms: 3 };
  keep("verify_f32_0.json", { ...part, precision: "f32", verdicts: [right, right] });
  keep("verify_f32_1.json", { ...part, precision: "f32", verdicts: [right, right] });
  keep("verify_f16_0.json", {
    ...part,
    precision: "f16",
    halfDoubtful: true,
    verdicts: [right, { ...right, difference: "y: 3 of 8 differ | at 1" }],
  });
  keep("verify_f16_1.json", { ...part, precision: "f16", halfDoubtful: true, verdicts: [right] });
  const lines = await table();
  expect(lines).toContain("| what is computed is right, f32 | 4 right, 0 wrong, 0 not reached | yes |");
  expect(lines).toContain(
    "| what is computed is right, f16 | 2 right, 1 wrong, 1 not reached; on a driver whose f16 Dawn does not trust | **no** |",
  );
  expect(lines).toContain("| softmax: rows | f16 | y: 3 of 8 differ / at 1 |");
});

it("a step is compared with the prediction for its configuration, and with PyTorch's", async () => {
  const path = {
    status: "timed",
    path: "depth 12",
    timing: { medianMs: 50, spreadMs: 1, encodeMs: 20 },
    firstMs: 900,
    framesPerSecond: 3e5,
    dispatches: 1432,
    submits: 30,
    peakBytes: 2 ** 33,
  };
  const kernels = [{ kernel: "attention/weighted_rows", share: 0.01, calls: 24, ms: 0.5 }];
  keep("step_f32.json", { configuration: "conformer-12x256", paths: [{ ...path, kernels }] });
  keep("step_f16.json", { configuration: "tiny-f16", paths: [{ ...path, kernels }] });
  keep("torch_step.json", {
    name: "conformer-12x256",
    difference: { loss: 1e-7, gradient: 1e-6 },
    steps: { "eager f32": { medianMs: 25, spreadMs: 0.1 } },
  });
  const lines = await table();
  expect(lines).toContain("| training step f32: no slower than PyTorch eager | 50 ms against 25 ms, 0.5 x | **no** |");
  const found = (start: string): string => lines.find((line) => line.startsWith(start)) ?? "";
  expect(found("| training step f32 | 40 ms to 55 ms")).toContain("| 50 ms | yes |");
  expect(found("| training step f16 |")).toContain("| not measured |"); // that was another configuration
  expect(found("| training step f32, times PyTorch's eager |")).toContain("| 1.5 x to 1.8 x | 2 x | more |");
  expect(found("| attention/weighted_rows, in a step |")).toContain("| 0.1 ms to 0.3 ms | 0.5 ms | more |");
});
