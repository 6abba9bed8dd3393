import { describe, expect, it } from "vitest";
import { chooseVariant } from "../../kernels/matmul/variant.ts";

const software = { isSoftware: true, features: new Set(["subgroups"]), info: { subgroupMinSize: 8 } };
const sizes = { matrices: 1, rows: 37, cols: 96, inner: 384, transposeA: false, transposeB: false };

describe("the variant of a matrix product", () => {
  it("is the subgroup tile on a software driver, for any number of rows", () => expect(chooseVariant(sizes, software)).toBe("subgroup_tile"));

  it("loads element by element there where a contiguous axis is no multiple of four", () => {
    expect(chooseVariant({ ...sizes, cols: 29 }, software)).toBe("subgroup_tile_any");
    expect(chooseVariant({ ...sizes, inner: 30 }, software)).toBe("subgroup_tile_any");
    expect(chooseVariant({ ...sizes, transposeA: true }, software)).toBe("subgroup_tile_any");
  });

  it("is the quad tile where subgroups have four lanes, whatever is preferred", () => {
    const narrow = { ...software, info: { subgroupMinSize: 4 } };
    expect(chooseVariant(sizes, narrow, "subgroup_tile")).toBe("quad_tile");
    expect(chooseVariant({ ...sizes, cols: 29 }, narrow)).toBe("register_tile");
  });

  it("is the register tile where there are no subgroups", () => {
    expect(chooseVariant(sizes, { ...software, features: new Set<string>() }, "subgroup_tile")).toBe("register_tile");
    expect(chooseVariant(sizes, { ...software, features: new Set<string>() }, "quad_tile")).toBe("register_tile");
  });

  it("is plain where a tile would not repay its compilation", () => {
    expect(chooseVariant({ ...sizes, rows: 8, cols: 8, inner: 8 }, software)).toBe("plain");
    expect(chooseVariant({ ...sizes, matrices: 1000, rows: 8, cols: 8, inner: 8 }, software)).toBe("subgroup_tile");
  });

  it("is the workgroup tile on a GPU", () =>
    expect(chooseVariant(sizes, { ...software, isSoftware: false, info: { subgroupMinSize: 32 } })).toBe("workgroup_tile"));

  it("follows a preference that fits", () => expect(chooseVariant(sizes, software, "workgroup_tile")).toBe("workgroup_tile"));
});
