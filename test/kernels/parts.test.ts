import { readdirSync, readFileSync } from "node:fs";
import { create } from "webgpu";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { everyKernel } from "./every_kernel.ts";

const kernelsFolder = new URL("../../kernels/", import.meta.url);
const kernels = await everyKernel();
const files = readdirSync(kernelsFolder, { recursive: true, encoding: "utf8" })
  .map((path) => path.replaceAll("\\", "/"))
  .filter((path) => path.endsWith(".wgsl"));
const text = (path: string): string => readFileSync(new URL(path, kernelsFolder), "utf8");
const parts = files.filter((path) => path.startsWith("parts/"));

describe("parts of shaders", () => {
  it.each(parts)("%s is included more than once, or by another part", (part) => {
    const users = files.filter((path) => text(path).split("\n").includes(`// include ${part}`));
    expect(users.length > 1 || users.some((path) => path.startsWith("parts/"))).toBe(true);
    expect(text(part)).toMatch(/^\/\//); // says what it is
  });

  it("no function of more than two lines stands letter for letter in two files", () => {
    const places = new Map<string, string[]>();
    for (const path of files)
      for (const [code] of text(path).matchAll(/^fn (?!main\b)[^]*?^}$/gm))
        if (code.split("\n").length > 3) places.set(code, [...(places.get(code) ?? []), path]);
    expect([...places.values()].filter((paths) => paths.length > 1)).toEqual([]);
  });
});

// Dawn's null backend checks a shader and computes nothing, on any machine.
describe("every shader, with its parts in their places, is valid", () => {
  const instance = create(["backend=null", "enable-dawn-features=allow_unsafe_apis"]); // what comes from it ends with it
  let device: GPUDevice;
  beforeAll(async () => {
    const adapter = await instance.requestAdapter();
    const requiredFeatures = ["shader-f16", "subgroups", "chromium-experimental-subgroup-matrix"] as GPUFeatureName[];
    device = await adapter!.requestDevice({ requiredFeatures });
  });
  afterAll(() => {
    device.destroy();
    expect(instance).toBeDefined();
  });

  it.each(kernels.map((kernel) => [kernel.label, kernel] as const))("%s", async (_, kernel) => {
    device.pushErrorScope("validation");
    device.createShaderModule({ code: kernel.load().code });
    expect((await device.popErrorScope())?.message).toBeUndefined();
  });
});
