import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { heardAtEachDepth, withThreeStrings } from "../../../cli/start/first_look.ts";
import { judged } from "../../../cli/terminal/judged.ts";
import { align } from "../../../recognition/evaluation/error_rate.ts";
import { testDevice } from "../../test_device.ts";

const device = testDevice();
const SEED = fileURLToPath(new URL("../../../web/public/seed/seed.safetensors", import.meta.url));

it("the shipped seed hears more words right at each depth, all of voices it knows; the recordings are gone afterwards", async () => {
  let folder = "";
  await withThreeStrings(async (spoken) => {
    folder = dirname(spoken[0]!.file);
    expect(spoken.every(({ file }) => existsSync(file))).toBe(true);
    const text = await heardAtEachDepth(device(), SEED, spoken, false);
    expect(text).toMatch(/^A seed of 2 blocks, 183 k parameters, unfolded:\n\n {2}said {6}/u);
    const lines = text.split("\n");
    const right = [2, 4, 6].map((depth) => {
      const heard = lines.filter((line) => line.startsWith(`  depth ${depth} `));
      expect(heard).toHaveLength(3);
      return heard
        .join(" ")
        .split(/\s+/u)
        .filter((word) => spoken.some((said) => said.text.split(" ").includes(word))).length;
    });
    expect(right).toEqual(right.toSorted((a, b) => a - b));
    expect(right[2]).toBeGreaterThan(right[0]!);
    const deepest = lines.filter((line) => line.startsWith("  depth 6 ")).map((line) => line.slice(12));
    expect(deepest.slice(0, 2)).toEqual(spoken.slice(0, 2).map(({ text: said }) => said));
  });
  expect(existsSync(folder)).toBe(false);
});

it("wrong words are red, or in brackets; a missing one is a dash", () => {
  const alignment = align(["one", "two", "three"], ["one", "too"]);
  expect(judged(alignment, false)).toBe("one [-] [too]");
  expect(judged(alignment, true)).toBe("\u001b[32mone\u001b[0m \u001b[31m-\u001b[0m \u001b[31mtoo\u001b[0m");
});
