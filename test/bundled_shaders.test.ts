import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { expandIncludes } from "../engine/kernel/includes.ts";
import { build, ROOT } from "./built.ts";
import { testDevice } from "./test_device.ts";

/** scripts/bundled_shaders.mjs and scripts/short_names.mjs, which need a build. */
interface Scripts {
  bundledShaders(folders: string[]): Map<string, string>;
  expanded(path: string, texts: Map<string, string>): string;
  withShortNames(texts: Map<string, string>, shaders: string[]): Map<string, string>;
}

let scripts: Scripts;
let texts: Map<string, string>;
beforeAll(async () => {
  build();
  const load = (name: string): Promise<object> => import(new URL(`../scripts/${name}`, import.meta.url).href);
  scripts = { ...(await load("bundled_shaders.mjs")), ...(await load("short_names.mjs")) } as Scripts;
  texts = scripts.bundledShaders(["engine", "kernels"]);
});

const wholeShaders = (): string[] => [...texts.keys()].filter((path) => !path.includes("/parts/"));

/** Words, numbers and signs, without comments: what the shader says. */
const tokens = (code: string): string[] => code.replace(/\/\/.*/gu, "").match(/[A-Za-z_]\w*|\d[\w.]*|\S/gu) ?? [];

describe("the shaders of a bundle", () => {
  const device = testDevice();

  it("compile", async () => {
    for (const path of wholeShaders()) {
      device().gpu.pushErrorScope("validation");
      device().gpu.createShaderModule({ code: scripts.expanded(path, texts) });
      expect((await device().gpu.popErrorScope())?.message ?? "", path).toBe("");
    }
  });

  it("say what the files say, but for names, of which no two became one", () => {
    const shortened = new Map<string, string>();
    for (const path of wholeShaders()) {
      const file = expandIncludes(new URL(`file://${ROOT}${path.slice(1)}`), (part) => readFileSync(part, "utf8"));
      const [before, after] = [tokens(file), tokens(scripts.expanded(path, texts))];
      expect(after.length, path).toBe(before.length);
      before.forEach((token, i) => {
        if (!shortened.has(token)) shortened.set(token, after[i]!);
        expect(after[i], path).toBe(shortened.get(token));
      });
    }
    expect(new Set(shortened.values()).size).toBe(shortened.size);
  });

  it("are shorter by a tenth for their names alone", () => {
    const length = (code: string): number => tokens(code).join("").length;
    const [before, after] = [...texts].reduce(
      ([files, bundled], [path, text]) => [
        files + length(readFileSync(`${ROOT}${path}`, "utf8")),
        bundled + length(text),
      ],
      [0, 0],
    );
    expect(after).toBeLessThan(0.9 * before);
  });
});

describe("withShortNames", () => {
  const shader = `
const SIZE: u32 = 4u;
alias x_type = f32;
struct Sizes { count: u32, weight: f32 }
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read_write> values: array<x_type>;
var<workgroup> shared_row: array<f32, SIZE>;
fn doubled(number: f32) -> f32 { let weight = 2.0; return weight * number; }
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) position: vec3u) {
  var total = 0.0;
  for (var index = 0u; index < sizes.count; index += 1u) { total += doubled(values[index]); }
  values[position.x] = total;
}`;

  it("renames functions, variables and parameters, and nothing that a program knows", () => {
    const short = scripts.withShortNames(new Map([["/a.wgsl", shader]]), [shader]).get("/a.wgsl")!;
    for (const name of ["shared_row", "doubled", "number", "position", "total", "index"])
      expect(tokens(short), name).not.toContain(name);
    for (const name of [
      "SIZE",
      "x_type",
      "Sizes",
      "count",
      "weight",
      "sizes",
      "values",
      "main",
      "global_invocation_id",
    ])
      expect(tokens(short), name).toContain(name);
  });

  it("keeps a variable's name if it is a function of WGSL in another shader, and what an included part calls", () => {
    const other = "fn near(p: vec2f, limit: f32) -> bool { return length(p) < limit; }";
    const part = "fn part_value() -> f32 { return near_zero; }";
    const user =
      "var<private> near_zero: f32;\n// include parts/p.wgsl\nfn length_of(x: f32) -> f32 { let length = x; return length; }";
    const whole = user.replace("// include parts/p.wgsl", part);
    const short = scripts.withShortNames(
      new Map([
        ["/other.wgsl", other],
        ["/parts/p.wgsl", part],
        ["/user.wgsl", user],
      ]),
      [other, whole],
    );
    expect(tokens(short.get("/other.wgsl")!)).toContain("length");
    expect(tokens(short.get("/user.wgsl")!)).toContain("length");
    const renamed = /private> (\w+)/u.exec(short.get("/user.wgsl")!)![1]!;
    expect(renamed).not.toBe("near_zero");
    expect(short.get("/parts/p.wgsl")).toContain(`return ${renamed};`);
  });
});
