import { describe, expect, it } from "vitest";
import { partOf, shareOf } from "../../../data/batches/share.ts";

const frames = [50, 10, 40, 20, 30, 60];
const all = (size: number, parts: number, part: number): number[][] =>
  Array.from({ length: size }, (_, rank) => [...shareOf(frames, part, { rank, size, parts }).rows]);

describe("shareOf", () => {
  it("gives whole batches to different ranks as far as their number allows", () => {
    expect(all(2, 2, 0)).toEqual([[0, 1, 2, 3, 4, 5], []]);
    expect(all(2, 2, 1)).toEqual([[], [0, 1, 2, 3, 4, 5]]);
    expect(all(2, 4, 3)).toEqual([[], [0, 1, 2, 3, 4, 5]]);
  });

  it("shares a batch's utterances out by length, each to one rank, in the batch's order", () => {
    for (const size of [2, 3, 4, 6]) {
      const dealt = all(size, 1, 0);
      expect(dealt.flat().sort()).toEqual([0, 1, 2, 3, 4, 5]);
      for (const rows of dealt) expect(rows).toEqual([...rows].sort((a, b) => a - b));
      const loads = dealt.map((rows) => rows.reduce((sum, row) => sum + frames[row]!, 0));
      expect(Math.max(...loads) - Math.min(...loads)).toBeLessThanOrEqual(60);
    }
    expect(all(2, 1, 0)).toEqual([
      [3, 4, 5],
      [0, 1, 2],
    ]);
  });

  it("where ranks are a multiple of the batches, each batch is shared by so many", () => {
    const [first, second] = [all(4, 2, 0), all(4, 2, 1)];
    expect([first[1], first[3], second[0], second[2]]).toEqual([[], [], [], []]);
    expect([...first[0]!, ...first[2]!].sort()).toEqual([0, 1, 2, 3, 4, 5]);
    expect([...second[1]!, ...second[3]!].sort()).toEqual([0, 1, 2, 3, 4, 5]);
    expect(shareOf(frames, 0, { rank: 2, size: 4, parts: 2 }).place).toBe(1);
    expect(shareOf(frames, 1, { rank: 1, size: 4, parts: 2 }).place).toBe(0);
  });

  it("leaves ranks empty only when there are fewer utterances", () => {
    const rows = Array.from({ length: 4 }, (_, rank) => shareOf([5, 7, 6], 0, { rank, size: 4, parts: 1 }).rows);
    expect(rows.map(({ length }) => length)).toEqual([1, 1, 1, 0]);
  });
});

it("partOf is a share of a sum", () => {
  expect(partOf([0, 2], [1, 5, 4])).toBe(0.5);
  expect(partOf([], [1, 5, 4])).toBe(0);
});
