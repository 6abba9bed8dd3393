import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";

// Every variant's shader has its own text of the activations, for numbers or for vec4. Linear's cases try each activation in
// the shaders that load number by number; that the others compute the same follows from this.
const folder = new URL("../../kernels/matmul/", import.meta.url);

it("all product shaders have the same activations", () => {
  const texts = new Set<string>();
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".wgsl"))) {
    const code = readFileSync(new URL(file, folder), "utf8");
    const [activations] = /^fn normal_cdf[^]*?^fn activation[^]*?^}$/m.exec(code) ?? [];
    if (activations) texts.add(activations.replaceAll(/vec4f\((-?[\d.]+)\)/g, "$1").replaceAll("vec4f", "f32"));
    else expect(file).toBe("sum_repeats.wgsl");
  }
  expect([...texts]).toHaveLength(1);
});
