import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it, vi } from "vitest";
import { operationFolders } from "../../bench/operations.ts";
import * as library from "../../index.ts";
import { node } from "../built.ts";

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

  /** The lines that an example prints. */
  async function linesOf(name: string, ...words: number[]): Promise<string[]> {
    const file = fileURLToPath(new URL(`examples/library/${name}`, root));
    const { status, stdout, stderr } = await node([
      "--import",
      "./scripts/typescript_loader.mjs",
      file,
      ...words.map(String),
    ]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    return stdout.trimEnd().split("\n");
  }

  it("digits.ts learns from few words: two voices, one word each to learn from and one for the test", async () => {
    const lines = await linesOf("digits.ts", 2, 2, 10);
    expect(lines[0]).toBe("spoke 20 words to learn from and 20 to test");
    const losses = lines.slice(1, -1).map((line) => Number(/^epoch \d+: loss ([\d.]+)$/u.exec(line)![1]));
    expect(losses).toHaveLength(10);
    expect(losses.at(-1)!).toBeLessThan(0.7 * losses[0]!);
    const right = Number(/^(\d+) of 20 test words right$/u.exec(lines.at(-1)!)![1]);
    expect(right).toBeGreaterThanOrEqual(6); // 2 by chance
  });

  it("transformer.ts learns, and writes as many characters as were asked for", async () => {
    const lines = await linesOf("transformer.ts", 50, 40);
    const losses = lines.slice(0, 2).map((line) => Number(/^step \d+: loss ([\d.]+)$/u.exec(line)![1]));
    expect(losses[1]).toBeLessThan(0.7 * losses[0]!);
    expect(lines[2]).toMatch(/^This is the farmer sowing his cor/u);
    expect(lines[2]).toHaveLength(40);
  });

  it("own_kernel.ts computes its operation and the gradient", async () =>
    expect(await linesOf("own_kernel.ts")).toEqual(["y  [ 0, 0, 0.25, 9 ]", "dx [ 0, 0, 1, 6 ]"]));

  it("the networks have fewer than 120 lines", () => {
    for (const name of ["digits.ts", "transformer.ts"])
      expect(readFileSync(new URL(`examples/library/${name}`, root), "utf8").split("\n").length).toBeLessThan(120);
  });

  it("the README shows mlp.ts", () => {
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
