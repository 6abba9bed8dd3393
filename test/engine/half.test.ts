import { expect, it } from "vitest";
import { halfToNumber, numberToHalf } from "../../engine/half.ts";

it("gives back every half-precision number", () => {
  for (let bits = 0; bits < 0x10000; bits++) {
    const value = halfToNumber(bits);
    if (!Number.isNaN(value)) expect(numberToHalf(value)).toBe(bits);
  }
});

it("rounds to the nearest, ties to even", () => {
  const ulp = 2 ** -10; // of numbers from 1 to 2
  expect(halfToNumber(numberToHalf(1 + 0.49 * ulp))).toBe(1);
  expect(halfToNumber(numberToHalf(1 + 0.5 * ulp))).toBe(1);
  expect(halfToNumber(numberToHalf(1 + 1.5 * ulp))).toBe(1 + 2 * ulp);
  expect(halfToNumber(numberToHalf(-(2 - 0.25 * ulp)))).toBe(-2);
  expect(halfToNumber(numberToHalf(2 ** -24 * 0.51))).toBe(2 ** -24);
  expect(halfToNumber(numberToHalf(2 ** -24 * 0.5))).toBe(0);
});

it("overflows to infinity and keeps NaN", () => {
  expect([65519, 65520, -1e6].map((x) => halfToNumber(numberToHalf(x)))).toEqual([65504, Infinity, -Infinity]);
  expect(halfToNumber(numberToHalf(NaN))).toBeNaN();
});
