import { describe, expect, it } from "vitest";
import { UserError } from "../../engine/errors.ts";
import { depthSchedule } from "../../model/unfold.ts";
import { unfoldingPaths } from "../../model/unfolding_paths.ts";

const all = (blocks: number, depth: number, repeatable: readonly number[] | null = null): (readonly number[])[] => {
  const { count, at } = unfoldingPaths(blocks, depth, repeatable);
  return Array.from({ length: Number(count) }, (_, index) => at(BigInt(index)));
};

/**
 * Every path reached from the seed by the rule, taken literally: one more application at a time, of a block applied k times so far,
 * and only if all others have been applied k or k + 1 times.
 */
function byTheRule(blocks: number, depth: number, repeatable: readonly number[]): number[][] {
  let reached = [new Array<number>(blocks).fill(1)];
  for (let length = blocks; length < depth; length++) {
    const next = reached.flatMap((times) =>
      repeatable
        .filter((block) => times.every((n) => n === times[block] || n === (times[block] as number) + 1))
        .map((block) => times.map((n, i) => (i === block ? n + 1 : n))),
    );
    reached = [...new Map(next.map((times) => [times.join(), times])).values()];
  }
  return reached.map((times) => times.flatMap((n, block) => new Array<number>(n).fill(block)));
}

const sorted = (paths: readonly (readonly number[])[]): string[] => paths.map((path) => path.join(" ")).sort();

describe("the legal paths", () => {
  it("are those of the paper", () => {
    expect([unfoldingPaths(6, 8).count, unfoldingPaths(8, 12).count]).toEqual([15n, 70n]);
    expect(all(8, 12, [4, 5, 6, 7])).toEqual([[0, 1, 2, 3, 4, 4, 5, 5, 6, 6, 7, 7]]);
    expect(all(3, 4)).toEqual([
      [0, 1, 2, 2],
      [0, 1, 1, 2],
      [0, 0, 1, 2],
    ]);
  });

  it("are those that the rule reaches from the seed, one application at a time", () => {
    for (const blocks of [1, 2, 3, 4])
      for (let depth = blocks; depth <= 11; depth++)
        expect(sorted(all(blocks, depth))).toEqual(sorted(byTheRule(blocks, depth, [0, 1, 2, 3].slice(0, blocks))));
    for (const repeatable of [[1], [0, 3], [0, 1, 3]])
      for (let depth = 4; depth <= 9; depth++) {
        const legal = byTheRule(4, depth, repeatable);
        if (legal.length > 0) expect(sorted(all(4, depth, repeatable))).toEqual(sorted(legal));
        else expect(() => all(4, depth, repeatable)).toThrow(UserError);
      }
  });

  it("begin with the path of repeat order", () => {
    for (const depth of [6, 8, 11, 12, 15]) expect(all(6, depth)[0]).toEqual(depthSchedule("repeat", 6, depth));
    expect(depthSchedule("repeat", 4, 7)).toEqual([0, 1, 1, 2, 2, 3, 3]);
    expect(depthSchedule("repeat", 4, 5, "first", [0, 2])).toEqual([0, 1, 2, 2, 3]);
    expect(depthSchedule("repeat", 4, 3, "even", [0, 2])).toEqual(depthSchedule("repeat", 4, 3, "even"));
  });

  it("may be more than a double counts exactly, and each is found at once", () => {
    const { count, at } = unfoldingPaths(100, 150);
    expect(count).toBe(100891344545564193334812497256n); // C(100, 50)
    const [first, last] = [at(0n), at(count - 1n)];
    expect([first.slice(0, 3), last.slice(0, 4), first.length, last.length]).toEqual([
      [0, 1, 2],
      [0, 0, 1, 1],
      150,
      150,
    ]);
    expect(() => at(count)).toThrow(RangeError);
  });
});

it("a depth that no legal path has is refused, with the deepest one", () => {
  expect(() => unfoldingPaths(8, 13, [4, 5, 6, 7])).toThrow(
    new UserError(
      "no unfolding of 8 blocks has depth 13: expected 8 or more, and at most 12, as only 4 of them may be repeated (unfold.repeatable)",
    ),
  );
  expect(() => unfoldingPaths(8, 7)).toThrow(new UserError("no unfolding of 8 blocks has depth 7: expected 8 or more"));
});
