import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { specialise } from "../../../engine/kernel/wgsl.ts";
import { reflect } from "../../../engine/kernel/reflect.ts";

const affine = readFileSync(new URL("./shaders/affine.wgsl", import.meta.url), "utf8");

describe("reflect", () => {
  it("gives bindings, immediates with their offsets, and the entry point", () => {
    expect(reflect("affine", affine)).toEqual({
      bindings: [
        { name: "x", access: "read", binding: 0, scalar: "f32" },
        { name: "y", access: "read_write", binding: 1, scalar: "f32" },
      ],
      immediates: [
        { name: "count", type: "u32", offset: 0 },
        { name: "shift", type: "i32", offset: 4 },
      ],
      immediateBytes: 8,
      entryPoint: "main",
    });
  });

  it.each([
    ["array<vec4<f32>>", "f32"],
    ["array<vec4f>", "f32"],
    ["array<vec2u>", "u32"],
    ["array<atomic<u32>>", "u32"],
    ["array<i32>", "i32"],
  ])("sees that the scalars of %s are %s", (type, scalar) => {
    const code = `@group(0) @binding(0) var<storage, read_write> x: ${type};\n@compute @workgroup_size(1)\nfn main() {}`;
    expect(reflect("types", code).bindings[0]!.scalar).toBe(scalar);
  });

  it("wants exactly one compute entry point", () => {
    expect(() => reflect("folder/none", "fn f() {}")).toThrow(
      "folder/none.wgsl: expected one compute entry point, got 0",
    );
    expect(() =>
      reflect("folder/two", affine + affine.slice(affine.indexOf("@compute")).replace("main", "other")),
    ).toThrow("got 2");
  });

  it("names the file that cannot be read at all", () => {
    expect(() => reflect("folder/broken", "struct {")).toThrow(/^folder\/broken\.wgsl: /);
  });
});

describe("specialise", () => {
  const line = (type: string): string => `const N: ${type} = 1;\n`;

  it("writes a literal of the line's type", () => {
    expect(specialise("s", line("u32"), { N: 7 })).toBe("const N: u32 = 7u;\n");
    expect(specialise("s", line("i32"), { N: -7 })).toBe("const N: i32 = -7i;\n");
    expect(specialise("s", line("f32"), { N: 7 })).toBe("const N: f32 = 7.0;\n");
    expect(specialise("s", line("f32"), { N: 1e-5 })).toBe("const N: f32 = 0.00001f;\n");
    expect(specialise("s", line("f32"), { N: 1e21 })).toBe("const N: f32 = 1e+21f;\n");
    expect(specialise("s", line("bool"), { N: true })).toBe("const N: bool = true;\n");
  });

  it("leaves everything else as it is", () => {
    expect(specialise("s", affine, { FACTOR: 3 })).toBe(affine.replace("= 1.0;", "= 3.0;"));
    expect(specialise("s", affine, {})).toBe(affine);
  });

  it("wants exactly one line of that name", () => {
    expect(() => specialise("folder/s", affine, { FACTORS: 1 })).toThrow(
      "folder/s.wgsl: expected one line 'const FACTORS: <type> = …;', got 0",
    );
    expect(() => specialise("s", line("u32") + line("u32"), { N: 1 })).toThrow("got 2");
  });
});
