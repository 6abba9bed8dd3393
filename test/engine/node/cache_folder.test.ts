import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { cacheFolder } from "../../../engine/node/cache_folder.ts";

test("UNFOLD_CACHE wins on every system, unless it is empty", () => {
  expect(cacheFolder({ UNFOLD_CACHE: "here", XDG_CACHE_HOME: "/x" }, "linux")).toBe("here");
  expect(cacheFolder({ UNFOLD_CACHE: "here", LOCALAPPDATA: "L" }, "win32")).toBe("here");
  expect(cacheFolder({ UNFOLD_CACHE: "" }, "linux")).toBe(join(homedir(), ".cache", "unfold"));
});

test("each system's own cache folder", () => {
  const xdg = resolve("some", "cache");
  expect(cacheFolder({ XDG_CACHE_HOME: xdg }, "linux")).toBe(join(xdg, "unfold"));
  expect(cacheFolder({ XDG_CACHE_HOME: "relative" }, "linux")).toBe(join(homedir(), ".cache", "unfold"));
  expect(cacheFolder({}, "darwin")).toBe(join(homedir(), "Library", "Caches", "unfold"));
  expect(cacheFolder({ LOCALAPPDATA: "L" }, "win32")).toBe(join("L", "unfold"));
});
