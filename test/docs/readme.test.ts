import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ROOT } from "../../scripts/docs/markdown.ts";

const textOf = (path: string): string => readFileSync(join(ROOT, path), "utf8");

describe("the README", () => {
  const readme = textOf("README.md");

  it("has at most 1,200 words", () => expect(readme.split(/\s+/u).length).toBeLessThanOrEqual(1200));

  it("begins with its two commands, the second of which continuous integration runs", () => {
    const commands = [...readme.matchAll(/^npm ci && npm \w+/gmu)].map(([command]) => command);
    expect(commands).toEqual(["npm ci && npm start", "npm ci && npm test"]);
    expect(textOf(".ci/run")).toContain(`{ ${commands[1]}; }`);
  });

  it("shows tensors in its first screen", () =>
    expect(readme.split("\n").slice(0, 40).join("\n")).toContain("matmul("));
});

it("the page on dependencies gives a reason for each", () => {
  const { dependencies, optionalDependencies, devDependencies } = JSON.parse(textOf("package.json")) as Record<
    string,
    Record<string, string>
  >;
  const page = textOf("docs/reference/dependencies.md");
  const names = [dependencies, optionalDependencies, devDependencies].flatMap((group) => Object.keys(group!));
  expect(names.filter((name) => !name.startsWith("@types/") && !page.includes(`\`${name}\``))).toEqual([]);
});

it("the changelog has the version that the package has", () => {
  const { version } = JSON.parse(textOf("package.json")) as { version: string };
  expect(/^## (\S+)$/mu.exec(textOf("CHANGELOG.md"))?.[1]).toBe(version);
});
