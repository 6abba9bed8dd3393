import { describe, expect, it } from "vitest";
import { UserError } from "../../../engine/errors.ts";
import { choosePaths } from "../../../recognition/evaluation/choose_paths.ts";
import { unfoldingPaths } from "../../../model/unfolding_paths.ts";
import { smallConfig } from "../../train/small_model.ts";

const six = smallConfig("model.blocks=6", "unfold.depths=[6, 8]");
const keys = (schedules: readonly (readonly number[])[]): string[] => schedules.map((schedule) => schedule.join(" "));

/** Every path of 6 blocks at depth 8, in lexicographic order. */
const { at } = unfoldingPaths(6, 8);
const legal = keys(Array.from({ length: 15 }, (_, i) => at(BigInt(i)))).sort();

describe("of each depth", () => {
  it("all paths are evaluated, neighbours with long common prefixes, and one below the number of blocks", () => {
    const chosen = choosePaths(six, [3, 6, 8, 12], "all");
    expect(chosen.map((of) => [of.depth, of.legal, of.schedules.length])).toEqual([
      [3, 1, 1],
      [6, 1, 1],
      [8, 15, 15],
      [12, 1, 1],
    ]);
    expect(keys(chosen[0]!.schedules)).toEqual(["0 1 2"]);
    expect(keys(chosen[2]!.schedules)).toEqual(legal);
  });

  it("a number is drawn, always the same ones, all different and the usual path among them", () => {
    for (let size = 1; size <= 15; size++) {
      const [chosen] = choosePaths(six, [8], size);
      expect(choosePaths(six, [8], size)).toEqual([chosen]);
      expect(chosen!.legal).toBe(15);
      const drawn = keys(chosen!.schedules);
      expect(new Set(drawn).size).toBe(size);
      expect(drawn.filter((path) => !legal.includes(path))).toEqual([]);
      expect(drawn).toContain("0 1 2 3 4 4 5 5");
    }
  });

  it("each path is as likely as another, whatever the depth", () => {
    const wide = smallConfig("model.blocks=40", "unfold.depths=[40, 60]");
    const { schedules, legal: count } = choosePaths(wide, [60], 2000)[0]!;
    expect(count / 137846528820).toBeCloseTo(1, 12); // C(40, 20)
    const twice = (block: number): number =>
      schedules.filter((schedule) => schedule.filter((b) => b === block).length === 2).length / 2000;
    for (let block = 0; block < 40; block++) expect(Math.abs(twice(block) - 0.5)).toBeLessThan(0.05); // over four deviations
  });

  it("only the repeatable blocks make paths", () => {
    const last = smallConfig("model.blocks=8", "unfold.depths=[8, 12]", "unfold.repeatable=[4, 5, 6, 7]");
    expect(choosePaths(last, [10, 12], "all").map((of) => of.schedules.length)).toEqual([6, 1]);
    expect(() => choosePaths(last, [13], "all")).toThrow(/^no unfolding of 8 blocks has depth 13: /u);
  });

  it("a depth with fewer paths than asked for takes all it has", () => {
    expect(choosePaths(six, [6, 7, 8], 10).map((of) => [of.schedules.length, of.legal])).toEqual([
      [1, 1],
      [6, 6],
      [10, 15],
    ]);
  });
});

it.each<[string, string[], number[], "all" | number, string]>([
  [
    "more than there are",
    ["model.blocks=6", "unfold.depths=[6, 8]"],
    [8],
    16,
    "--paths: expected 'all' or at most 15, the number of legal paths of depth 8, got 16",
  ],
  [
    "more than any depth has",
    ["model.blocks=6", "unfold.depths=[6, 8]"],
    [7, 8],
    16,
    "--paths: expected 'all' or at most 15, the number of legal paths of the depth that has most, depth 8, got 16",
  ],
  [
    "all, if they are too many",
    ["model.blocks=24", "unfold.depths=[24, 36]"],
    [24, 36],
    "all",
    "--paths: expected at most 10000 paths for each depth, but depth 36 has 2704156: draw a number of them",
  ],
  [
    "too many",
    ["model.blocks=24", "unfold.depths=[24, 36]"],
    [36],
    10001,
    "--paths: expected at most 10000 paths for each depth, but got 10001",
  ],
  [
    "cycle order",
    ["unfold.order=cycle"],
    [4],
    "all",
    "--paths: expected a checkpoint with unfold.order repeat, but this one's is cycle, which has one path for each depth",
  ],
  [
    "an order of its own",
    ["unfold.order=[0, 1, 1]", "unfold.depths=[2, 3]"],
    [3],
    1,
    "--paths: expected a checkpoint with unfold.order repeat, but this one's is a list, which has one path for each depth",
  ],
])("one sentence for %s", (_, sets, depths, choice, message) => {
  expect(() => choosePaths(smallConfig(...sets), depths, choice)).toThrow(new UserError(message));
});
