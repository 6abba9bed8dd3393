import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { operationFolders } from "../../bench/operations.ts";
import { everyKernel } from "./every_kernel.ts";

const kernelsFolder = new URL("../../kernels/", import.meta.url);
const folders = operationFolders();
const kernels = await everyKernel();

describe("every kernel", () => {
  // By reflection of its shader.
  for (const kernel of kernels)
    it(`${kernel.label} agrees with its declaration`, () => expect(kernel.load().entryPoint).toBe("main"));

  // In one compute stage Metal adapters bind 10 storage buffers, and WebGPU itself guarantees no more than 8.
  for (const kernel of kernels)
    it(`${kernel.label} binds at most 10 storage buffers`, () =>
      expect(Object.keys(kernel.declaration.bindings).length).toBeLessThanOrEqual(10));

  it("every .wgsl file has a declaration", () => {
    const labels = new Set(kernels.map(({ label }) => label));
    for (const name of folders)
      for (const file of readdirSync(new URL(`${name}/`, kernelsFolder)).filter((f) => f.endsWith(".wgsl"))) {
        expect(labels, `${name}/${file}`).toContain(`${name}/${file.replace(/\.wgsl$/, "")}`);
        expect(readFileSync(new URL(`${name}/${file}`, kernelsFolder), "utf8")).toMatch(/^\/\//);
      }
  });
});
