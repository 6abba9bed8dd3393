import { describe, expect, test } from "vitest";
import { hash, normal, uniform } from "../../engine/random.ts";

describe("hash", () => {
  // Fixed for good: a changed value would silently change every seeded run, and the same bits come from the kernels.
  test("keeps its values", () => {
    expect([hash(), hash(0), hash(1), hash(1, 2, 3), hash(0xffffffff)]).toEqual([
      2654435769, 33350994, 2767685996, 2801655874, 903996321,
    ]);
  });

  test("order, length and sign of the integers count", () => {
    expect(hash(1, 2)).not.toBe(hash(2, 1));
    expect(hash(1)).not.toBe(hash(1, 0));
    expect(hash(-1)).toBe(hash(0xffffffff));
  });

  test("is a bijection of the last integer", () => {
    const seen = new Set(Array.from({ length: 20_000 }, (_, i) => hash(7, i)));
    expect(seen.size).toBe(20_000);
  });

  test("one changed input bit changes half of the output bits", () => {
    for (const position of [0, 1, 2]) {
      let flips = 0;
      const trials = 4_000;
      for (let i = 0; i < trials; i++) {
        const key = [i, 11, 5];
        const before = hash(...key);
        key[position]! ^= 1 << (i % 32);
        flips += bitCount(before ^ hash(...key));
      }
      expect(Math.abs(flips / trials - 16)).toBeLessThan(0.3); // standard error 2.83 / sqrt(4000) = 0.045
    }
  });
});

test("uniform is spread evenly over [0, 1) and exact in float32", () => {
  const bins = new Array<number>(16).fill(0);
  for (let i = 0; i < 16_000; i++) {
    const u = uniform(3, i);
    expect(Math.fround(u)).toBe(u);
    bins[Math.floor(u * 16)]!++;
  }
  const chiSquare = bins.reduce((sum, n) => sum + (n - 1000) ** 2 / 1000, 0);
  expect(chiSquare).toBeLessThan(37.7); // 15 degrees of freedom, p = 0.001
});

test("normal has mean 0, variance 1 and kurtosis 3", () => {
  const n = 40_000;
  const moments = [0, 0, 0, 0, 0];
  for (let i = 0; i < n; i++) {
    const x = normal(5, i);
    for (let k = 1; k <= 4; k++) moments[k]! += x ** k / n;
  }
  expect(Math.abs(moments[1]!)).toBeLessThan(0.02);
  expect(Math.abs(moments[2]! - 1)).toBeLessThan(0.03);
  expect(Math.abs(moments[4]! - 3)).toBeLessThan(0.2);
});

function bitCount(bits: number): number {
  let count = 0;
  for (let b = bits >>> 0; b !== 0; b >>>= 1) count += b & 1;
  return count;
}
