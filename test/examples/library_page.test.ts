import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import * as library from "../../index.ts";
import { node, ROOT } from "../built.ts";

const page = readFileSync(new URL("../../docs/library.md", import.meta.url), "utf8");
const blocks = (language: string): string =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, "gmsu"))].map(([, text]) => text).join("");

it("the page of the library is a program that prints what the page says", async () => {
  const folder = mkdtempSync(join(tmpdir(), "unfold-page-"));
  const program = join(folder, "page.mjs");
  writeFileSync(
    program,
    blocks("js")
      .replaceAll('from "unfold"', `from "${ROOT}index.ts"`)
      .replaceAll("network.safetensors", join(folder, "network.safetensors")),
  );
  const result = await node(["--import", "./scripts/typescript_loader.mjs", program]);
  rmSync(folder, { recursive: true });
  expect(result).toEqual({ status: 0, stdout: blocks("text"), stderr: "" });
});

it("every operation that the page names is exported", () => {
  const table = page.slice(page.indexOf("## Operations"), page.indexOf("## A kernel"));
  const names = [...table.matchAll(/`([A-Za-z\d.]+)`/gu)]
    .map(([, name]) => name!)
    .filter((name) => !name.includes("."));
  expect(names.length).toBeGreaterThan(60);
  expect(names.filter((name) => !(name in library))).toEqual([]);
});
