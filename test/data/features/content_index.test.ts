import { copyFileSync, mkdtempSync, renameSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ContentIndex } from "../../../data/features/content_index.ts";

let folder: string;
const at = (name: string): string => join(folder, name);
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "unfold-index-"))));
afterAll(() => rmSync(folder, { recursive: true }));

const EARLIER = new Date("2024-01-01");
const put = (name: string, text: string): void => {
  writeFileSync(at(name), text);
  utimesSync(at(name), EARLIER, EARLIER);
};

test("a file is known again, also by another index, but not one of the same size and time in its place", async () => {
  put("a.wav", "quiet");
  put("b.wav", "noisy");
  const index = new ContentIndex(at("cache"));
  const key = (await index.keyOf(at("a.wav"))) as string;
  index.add(key, "digest");
  index.flush();
  const again = new ContentIndex(at("cache"));
  expect(again.get((await again.keyOf(at("a.wav"))) as string)).toBe("digest");

  copyFileSync(at("b.wav"), at("a.wav")); // as cp -p: the same inode
  utimesSync(at("a.wav"), EARLIER, EARLIER);
  expect(again.get((await again.keyOf(at("a.wav"))) as string)).toBeUndefined();
  renameSync(at("b.wav"), at("a.wav")); // as rsync -t: another inode
  expect(again.get((await again.keyOf(at("a.wav"))) as string)).toBeUndefined();
});
