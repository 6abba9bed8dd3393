import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it, vi } from "vitest";
import { operationFolders } from "../../bench/operations.ts";
import * as library from "../../index.ts";

const root = new URL("../../", import.meta.url);

describe("examples/library", () => {
  it("mlp.ts runs, and its loss falls below a hundredth", async () => {
    const lines: string[] = [];
    const log = vi.spyOn(console, "log").mockImplementation((line: string) => void lines.push(line));
    await import("../../examples/library/mlp.ts");
    log.mockRestore();
    expect(lines).toHaveLength(5);
    const losses = lines.map((line) => Number(/^step \d+: loss ([\d.]+)$/.exec(line)![1]));
    expect(losses[0]).toBeGreaterThan(0.1);
    expect(losses.at(-1)).toBeLessThan(0.01);
  });

  it("the README shows that program", () => {
    const [readme, program] = ["README.md", "mlp.ts"].map((name) =>
      readFileSync(new URL(`examples/library/${name}`, root), "utf8"),
    );
    expect(readme).toContain(program!.replace('"../../index.ts"', '"unfold"'));
  });
});

describe("the library", () => {
  const exported = new Set<unknown>(Object.values(library));
  it.each(operationFolders())("exports what kernels/%s is for", async (folder) => {
    const files = readdirSync(new URL(`kernels/${folder}/`, root)).filter(
      (file) => file.endsWith(".ts") && !/^(cases|reference)\.ts$/.test(file),
    );
    const modules = await Promise.all(
      files.map((file) => import(new URL(`kernels/${folder}/${file}`, root).href) as Promise<object>),
    );
    expect(
      modules.flatMap((module) => Object.values(module) as unknown[]).filter((value) => exported.has(value)),
    ).not.toEqual([]);
  });
});
