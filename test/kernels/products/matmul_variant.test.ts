import { describe, expect, it } from "vitest";
import type { AdapterDescription } from "../../../engine/adapter.ts";
import type { VariantDevice } from "../../../engine/tuning/variants.ts";
import { chunkOf, productVariants, type ProductChoice } from "../../../kernels/matmul/variant.ts";

const device = (isSoftware: boolean, lanes: number, ...features: string[]): VariantDevice => ({
  isSoftware,
  features: new Set(features),
  info: { subgroupMinSize: lanes, subgroupMaxSize: lanes },
  limits: { maxComputeWorkgroupStorageSize: 49_152, maxComputeInvocationsPerWorkgroup: 1024 },
});
const eight = device(true, 8, "subgroups");
const four = device(true, 4, "subgroups");
const gpu = device(false, 32, "subgroups");
const sizes: ProductChoice = {
  matrices: 1,
  rows: 37,
  cols: 96,
  inner: 384,
  transposeA: false,
  transposeB: false,
  half: false,
};
const choose = (on: VariantDevice, more: Partial<ProductChoice> = {}): string =>
  productVariants.firstFitting({ ...sizes, ...more }, on, []);

describe("on a software driver, a product", () => {
  it("is the subgroup tile where there are eight lanes, for any number of rows", () =>
    expect(choose(eight)).toBe("subgroup_tile"));

  it("loads element by element where a contiguous axis is no multiple of four", () => {
    for (const more of [{ cols: 29 }, { inner: 30 }, { transposeA: true }])
      expect(choose(eight, more)).toBe("subgroup_tile_any");
  });

  it("is the quad tile where there are four lanes", () => {
    expect(choose(four)).toBe("quad_tile");
    expect(choose(four, { cols: 29 })).toBe("register_tile");
  });

  it("is the register tile where there are no subgroups", () => expect(choose(device(true, 0))).toBe("register_tile"));

  it("is plain where a tile would not repay its compilation", () => {
    expect(choose(eight, { rows: 8, cols: 8, inner: 8 })).toBe("plain");
    expect(choose(eight, { matrices: 1000, rows: 8, cols: 8, inner: 8 })).toBe("subgroup_tile");
  });

  it("is never split", () => expect(chunkOf({ ...sizes, inner: 100_000 }, eight, 128, 128)).toBe(100_000));
});

describe("on a GPU, a product", () => {
  it("has the largest tile of which there are enough", () => {
    expect(choose(gpu, { rows: 4096, cols: 4096 })).toBe("workgroup_tile_128");
    expect(choose(gpu, { rows: 1024, cols: 512 })).toBe("workgroup_tile_64");
    expect(choose(gpu, { rows: 256, cols: 256 })).toBe("workgroup_tile_any");
  });

  it("loads element by element where a contiguous axis is no multiple of four", () =>
    expect(choose(gpu, { rows: 4096, cols: 4095 })).toBe("workgroup_tile_any"));

  it("of f16 is on the matrix units where they multiply what the shader asks for", () => {
    const blocks = { componentType: "f16", resultComponentType: "f32", M: 16, N: 16, K: 16 };
    const withUnits = (subgroupMatrices: AdapterDescription["subgroupMatrices"] & object): VariantDevice => ({
      ...device(false, 32, "subgroups", "shader-f16", "chromium-experimental-subgroup-matrix"),
      info: { subgroupMinSize: 32, subgroupMaxSize: 32, subgroupMatrices },
    });
    const large = { rows: 4096, cols: 4096, half: true };
    expect(choose(withUnits([{ ...blocks, N: 8 }, blocks]), large)).toBe("subgroup_matrix_128");
    expect(choose(withUnits([blocks]), { ...large, half: false })).toBe("workgroup_tile_128");
    expect(choose(withUnits([{ ...blocks, resultComponentType: "f16" }]), large)).toBe("workgroup_tile_128");
    expect(choose({ ...withUnits([blocks]), features: gpu.features }, large)).toBe("workgroup_tile_128");
    expect(choose(withUnits([blocks]), { ...large, rows: 128, cols: 128 })).toBe("subgroup_matrix_64");
  });

  it("is split where that gives more workgroups: the gradient of a weight", () => {
    const gradient = { ...sizes, rows: 256, cols: 1024, inner: 12_800, transposeA: true };
    expect(choose(gpu, gradient)).toBe("workgroup_tile_128");
    const chunk = chunkOf(gradient, gpu, 128, 128);
    expect(chunk % 32).toBe(0);
    expect(Math.ceil(gradient.inner / chunk)).toBe(16);
  });

  it("is not split where there are tiles enough, or several matrices", () => {
    expect(chunkOf({ ...sizes, rows: 4096, cols: 4096, inner: 4096 }, gpu, 128, 128)).toBe(4096);
    expect(chunkOf({ ...sizes, matrices: 2, inner: 4096 }, gpu, 128, 128)).toBe(4096);
  });
});
