import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { FORMATS } from "./formats.ts";
import { fuzz } from "./fuzz.ts";

/*
 * The beginning of what `node --import ./scripts/typescript_loader.mjs test/fuzz/run.ts` does with 10,000 mutants of each
 * format: errors are sentences for users, and whole files and pieces have the same samples.
 */

let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "unfold-fuzz-"))));
afterAll(() => rmSync(folder, { recursive: true }));

test.each(Object.keys(FORMATS))("%s", async (name) => {
  const { counts, findings } = await fuzz(name, { seed: 1, from: 0, to: 30, folder });
  expect(findings.map(({ index, error }) => `${index}: ${String(error)}`)).toEqual([]);
  expect(counts.read + counts.refused).toBe(30);
  expect(counts.refused).toBeGreaterThan(0);
});
