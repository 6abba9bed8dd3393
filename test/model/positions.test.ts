import { describe, expect, it } from "vitest";
import { relativePositions, sinusoidalPositions } from "../../model/positions.ts";

// The values themselves are in the book relative_attention; here is what depends on the layout.
describe("positions", () => {
  it("row m of the relative positions is the distance frames - 1 - m", () => {
    const positions = relativePositions(5, 6);
    const row = (m: number): Float32Array => positions.subarray(m * 6, (m + 1) * 6);
    expect(positions.length).toBe(9 * 6);
    expect(row(4)).toEqual(Float32Array.of(0, 1, 0, 1, 0, 1));
    expect(row(0)).toEqual(sinusoidalPositions([4], 6));
    expect(row(8)).toEqual(sinusoidalPositions([-4], 6));
  });

  it("has no last one: a place of any number has an encoding of its own, such as behind the 5,000 of ESPnet's table", () => {
    const [near, far] = [sinusoidalPositions([7000], 6), sinusoidalPositions([7001], 6)];
    expect([...near, ...far].every((value) => Math.abs(value) <= 1)).toBe(true);
    expect(far).not.toEqual(near);
    expect(relativePositions(6000, 2)).toHaveLength(11_999 * 2);
  });

  it("an odd number of features is refused", () => {
    expect(() => sinusoidalPositions([0], 7)).toThrow(
      "sinusoidalPositions: dim: expected an even number of features, got 7",
    );
  });
});
