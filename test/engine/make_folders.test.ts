import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeFolders } from "../../engine/node/make_folders.ts";

let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "unfold-folders-"))));
afterAll(() => rmSync(folder, { recursive: true }));

test("makes what is missing, and leaves what is there", () => {
  makeFolders(join(folder, "a", "b", "c"));
  makeFolders(join(folder, "a", "b"));
  expect(existsSync(join(folder, "a", "b", "c"))).toBe(true);
});

test("throws where nothing can be made, instead of trying for ever", () => {
  writeFileSync(join(folder, "file"), "");
  expect(() => makeFolders(join(folder, "file"))).toThrow(/EEXIST/);
  expect(() => makeFolders(join(folder, "file", "inside"))).toThrow(/ENOTDIR|EEXIST/);
  if (existsSync("/proc/self")) expect(() => makeFolders("/proc/x/y/z")).toThrow(/ENOENT|EACCES|EPERM/);
});
