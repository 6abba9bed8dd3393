import { describe, expect, it } from "vitest";
import { readFileSync } from "node:fs";
import { expandIncludes } from "../../../engine/kernel/includes.ts";
import { defineKernel } from "../../../engine/kernel/kernel.ts";
import { emptyTensor, read, tensor } from "../../../engine/transfer.ts";
import { testDevice } from "../../test_device.ts";

const expanded = (file: URL): string => expandIncludes(file, (part) => readFileSync(part, "utf8"));
const shader = (name: string): URL => new URL(`./shaders/${name}.wgsl`, import.meta.url);
const device = testDevice();

describe("what a shader includes", () => {
  it("stands in its place, once, whoever asked for it", () => {
    const code = expanded(shader("with_parts"));
    expect(code).not.toContain("// include");
    expect(code.match(/fn \w+/g)).toEqual(["fn twice", "fn four_times", "fn main"]);
    expect(code).toMatch(/^\/\/ y = 4 x/);
  });

  it("is compiled with it, under the shader's own aliases", async () => {
    const kernel = defineKernel({
      file: shader("with_parts"),
      bindings: { x: "read", y: "read_write" },
      workgroups: () => [2],
    });
    const [x, y] = [tensor(device(), [1, 2, 3, 4, 5, 6, 7, 8], [8]), emptyTensor(device(), [8])];
    kernel.encode({ device: device() }, { x, y }, {}, {});
    expect([...(await read(device(), y))]).toEqual([4, 8, 12, 16, 20, 24, 28, 32]);
  });

  it("is named where it is not there, or includes itself", () => {
    expect(() => expanded(shader("without_its_part"))).toThrow(
      /without_its_part\.wgsl includes parts\/no_such\.wgsl, which cannot be read: ENOENT/,
    );
    expect(() => expanded(shader("round_and_round"))).toThrow(
      /round_and_round\.wgsl: parts\/around\.wgsl includes parts\/and_around\.wgsl includes parts\/around\.wgsl$/,
    );
  });
});
