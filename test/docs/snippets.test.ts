import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { documents, ROOT } from "../../scripts/docs/markdown.ts";
import { hasProgram, runPage, updated } from "../../scripts/docs/snippets.ts";

const pages = documents()
  .map((path) => [path, readFileSync(join(ROOT, path), "utf8")] as const)
  .filter(([, page]) => hasProgram(page));

describe("the documents' programs", () => {
  it("are found", () => expect(pages.map(([path]) => path)).toContain("docs/guide/tutorial.md"));

  it.each(pages)("%s prints what it says (`npm run docs:check` writes it down)", async (_, page) => {
    const parts = await runPage(page);
    for (const { code, printed, expected } of parts) expect(printed, code).toBe(expected ?? "");
  });
});

describe("a page's program", () => {
  const page =
    "```js run\nconst a = 1;\n```\n\nText.\n\n```ts run\nconsole.log(a as number);\n```\n\n```text\n2\n```\n";

  it("consists of all its blocks, and what each prints is known", async () => {
    const parts = await runPage(page);
    expect(parts.map(({ printed, expected }) => [printed, expected])).toEqual([
      ["", undefined],
      ["1\n", "2\n"],
    ]);
    expect(updated(page, parts)).toBe(page.replace("\n2\n", "\n1\n"));
  });

  it("that fails is an error with what it says", async () => {
    await expect(runPage("```js run\nthrow new Error('no');\n```\n")).rejects.toThrow("Error: no");
  });
});
