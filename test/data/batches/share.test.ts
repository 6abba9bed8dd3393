import { describe, expect, it } from "vitest";
import { partOf, shareOf } from "../../../data/batches/share.ts";

const all = (count: number, size: number, parts: number, part: number): number[][] =>
  Array.from({ length: size }, (_, rank) => shareOf(count, part, { rank, size, parts }));
const SIX = [0, 1, 2, 3, 4, 5];

describe("shareOf", () => {
  it("gives whole batches to different ranks as far as their number allows", () => {
    expect(all(6, 2, 2, 0)).toEqual([SIX, []]);
    expect(all(6, 2, 2, 1)).toEqual([[], SIX]);
    expect(all(6, 2, 4, 3)).toEqual([[], SIX]);
  });

  it("shares a batch out in its order, as evenly as can be", () => {
    for (const size of [2, 3, 4, 6]) {
      const shares = all(6, size, 1, 0);
      expect(shares.flat()).toEqual(SIX);
      const counts = shares.map(({ length }) => length);
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
    }
    expect(all(5, 2, 1, 0)).toEqual([
      [0, 1, 2],
      [3, 4],
    ]);
  });

  it("where ranks are a multiple of the batches, each batch is shared by so many", () => {
    expect(all(6, 4, 2, 0)).toEqual([[0, 1, 2], [], [3, 4, 5], []]);
    expect(all(6, 4, 2, 1)).toEqual([[], [0, 1, 2], [], [3, 4, 5]]);
  });

  it("leaves ranks empty only when there are fewer utterances", () => {
    expect(all(3, 4, 1, 0)).toEqual([[0], [1], [2], []]);
  });
});

it("partOf is a share of a sum", () => {
  expect(partOf([0, 2], [1, 5, 4])).toBe(0.5);
  expect(partOf([], [1, 5, 4])).toBe(0);
});
