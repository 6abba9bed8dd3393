import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { fences, ROOT } from "../../scripts/docs/markdown.ts";

/** The places of a diff: a file, and the lines that it keeps or replaces there. */
const placesOf = (diff: string): [path: string, lines: string][] =>
  diff
    .split(/^--- /mu)
    .slice(1)
    .flatMap((file) => {
      const [path, ...hunks] = file.split(/\n@@\n/u) as [string, ...string[]];
      return hunks.map((hunk): [string, string] => [path, linesBefore(hunk)]);
    });

const linesBefore = (hunk: string): string =>
  hunk
    .split("\n")
    .filter((line) => /^[ -]/u.test(line))
    .map((line) => line.slice(1))
    .join("\n");

it("docs/engine/add-a-model.md changes lines that are in the files it names", () => {
  const page = readFileSync(join(ROOT, "docs/engine/add-a-model.md"), "utf8");
  const places = fences(page).flatMap(({ info, body }) => (info[0] === "diff" ? placesOf(body) : []));
  expect(places.length).toBeGreaterThan(10);
  for (const [path, lines] of places) expect(readFileSync(join(ROOT, path), "utf8"), path).toContain(lines);
});
