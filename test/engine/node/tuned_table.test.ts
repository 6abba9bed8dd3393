import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { findTable, ownTablePath, tableFileName, tunedMachine } from "../../../engine/node/tuned_table.ts";

const LAVAPIPE = "llvmpipe (LLVM 15.0.6, 256 bits) on AMD EPYC";
const { UNFOLD_CACHE } = process.env;
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "unfold-tables-"));
  process.env.UNFOLD_CACHE = folder;
});
afterEach(() => rmSync(join(folder, "tuned"), { recursive: true, force: true }));
afterAll(() => {
  if (UNFOLD_CACHE === undefined) delete process.env.UNFOLD_CACHE;
  else process.env.UNFOLD_CACHE = UNFOLD_CACHE;
  rmSync(folder, { recursive: true });
});

function writeOwn(adapter: string, operations: object): void {
  const path = ownTablePath(adapter);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, JSON.stringify({ adapter, driver: "d", date: "2026-01-01", command: "c", operations }));
}

it("names a file after its adapter", () =>
  expect(tableFileName("NVIDIA H100 80GB HBM3")).toBe("nvidia-h100-80gb-hbm3.json"));

it("names a software driver's machine by its CPU, a GPU's by the GPU alone", () => {
  expect(tunedMachine({ name: "NVIDIA H200", type: "gpu" })).toBe("NVIDIA H200");
  expect(tunedMachine({ name: "SwiftShader", type: "bundled" })).toBe(`SwiftShader on ${cpus()[0]!.model.trim()}`);
});

it("on a machine that nobody has measured, is the package's of the same class of adapters, but for what the user has measured", () => {
  const another = "llvmpipe (LLVM 19.1.7, 256 bits) on Intel Xeon";
  const { operations } = findTable(LAVAPIPE)!;
  expect(findTable(another)!.operations).toEqual(operations);
  const own = [{ sizes: { rows: 1, cols: 1 }, ms: { thread_row: 1 } }];
  writeOwn(another, { layer_norm: own });
  expect(findTable(another)!.operations).toEqual({ ...operations, layer_norm: own });
  expect(findTable("llvmpipe (LLVM 19.1.7, 128 bits) on Intel Xeon")).toBeUndefined();
});

it("is the package's where the user has measured nothing", () => {
  expect(findTable(LAVAPIPE)!.adapter).toBe(LAVAPIPE);
  expect(findTable(LAVAPIPE)!.operations["matmul"]!.length).toBeGreaterThan(5);
  expect(findTable("an adapter nobody has seen")).toBeUndefined();
});

it("has the user's own measurements before the package's", () => {
  const own = [{ sizes: { rows: 1, cols: 1 }, ms: { thread_row: 1 } }];
  writeOwn(LAVAPIPE, { layer_norm: own });
  writeOwn("an adapter nobody has seen", { layer_norm: own });
  expect(findTable(LAVAPIPE)!.operations["layer_norm"]![0]).toEqual(own[0]);
  expect(findTable(LAVAPIPE)!.operations["layer_norm"]!.length).toBeGreaterThan(1);
  expect(findTable(LAVAPIPE)!.operations["matmul"]!.length).toBeGreaterThan(5);
  expect(findTable("an adapter nobody has seen")!.operations).toEqual({ layer_norm: own });
});
