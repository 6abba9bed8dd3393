import { describe, expect, it } from "vitest";
import { uniform } from "../../../engine/random.ts";
import { fromHalves, toHalves } from "../../../train/parallel/half.ts";
import { HalfSum } from "../../../train/parallel/half_sum.ts";
import { each } from "./in_memory.ts";

const halfOf = (value: number, scale = 1): number => {
  const half = new Uint16Array(1);
  toHalves(Float32Array.of(value), scale, half);
  return half[0]!;
};
const valueOf = (half: number): number => {
  const sum = new Float32Array(1);
  fromHalves(Uint16Array.of(half), sum);
  return sum[0]!;
};

describe("halves", () => {
  it("every half goes to its value and back", () => {
    for (let half = 0; half < 2 ** 16; half++) {
      const value = valueOf(half);
      if (half === 0x8000)
        expect(value === 0).toBe(true); // added to 0, -0 is 0
      else if (Number.isNaN(value)) expect(halfOf(value) & 0x7fff).toBe(0x7e00);
      else if (halfOf(value) !== half) throw new Error(`${half} is ${value}, which goes to ${halfOf(value)}`);
    }
  });

  it("known values", () => {
    expect([1, -2, 65504, 2 ** -14, 2 ** -24, 1 / 3].map((value) => halfOf(value))).toEqual([
      0x3c00, 0xc000, 0x7bff, 0x0400, 0x0001, 0x3555,
    ]);
    expect([65519, 65520, 1e30, -Infinity].map((value) => halfOf(value))).toEqual([0x7bff, 0x7c00, 0x7c00, 0xfc00]);
  });

  it("between two halves the nearest, ties to the even one", () => {
    for (let half = 0; half < 0x7bff; half += 7) {
      const [low, high] = [valueOf(half), valueOf(half + 1)];
      const middle = (low + high) / 2;
      const even = half % 2 === 0 ? half : half + 1;
      expect([low + (middle - low) / 2, middle, middle + (high - middle) / 2].map((value) => halfOf(value))).toEqual([
        half,
        even,
        half + 1,
      ]);
    }
  });
});

describe("sums of halves", () => {
  const COUNT = 1001; // of which no number of ranks gets a whole part
  const gradients = (rank: number, size: number): Float32Array =>
    Float32Array.from({ length: COUNT }, (_, i) => size * (uniform(rank, i) - 0.5));
  const summed = async (ranks: number, of: (rank: number) => Float32Array): Promise<number[][]> =>
    (await each(ranks, async (one) => {
      const values = of(one.rank);
      await new HalfSum(one, COUNT).add(values);
      return [...values];
    })) as number[][];

  it.each([2, 3, 4])(
    "of %d ranks: right to the rounding of each summand and of the sum, the same on all",
    async (ranks) => {
      for (const size of [1, 1e-9, 1e7]) {
        const found = await summed(ranks, (rank) => gradients(rank, size));
        for (const other of found) expect(other).toEqual(found[0]);
        const all = Array.from({ length: ranks }, (_, rank) => gradients(rank, size));
        for (let i = 0; i < COUNT; i++) {
          const exact = all.reduce((sum, values) => sum + values[i]!, 0);
          const bound = 2 ** -11 * all.reduce((sum, values) => sum + Math.abs(values[i]!), Math.abs(exact));
          expect(Math.abs(found[0]![i]! - exact)).toBeLessThanOrEqual(bound * (1 + 2 ** -10) + size * 2 ** -37);
        }
      }
    },
  );

  it("what is infinite or not a number on one rank is so on all; zeros stay zeros", async () => {
    const found = await summed(2, (rank) => {
      const values = new Float32Array(COUNT);
      if (rank === 1) values.set([Infinity, NaN], 5);
      return values;
    });
    for (const values of found) expect(values.slice(4, 8)).toEqual([0, Infinity, NaN, 0]);
  });
});
