import { describe, expect, it } from "vitest";
import { broadcastStrides, mergeAxes, padAxes, stretchedIndex } from "../../kernels/axes.ts";

describe("axes", () => {
  it("stretches a shape by strides of 0", () => {
    expect(broadcastStrides([3, 1, 5], [2, 3, 4, 5])).toEqual([0, 5, 0, 1]);
    expect(Array.from({ length: 12 }, (_, i) => stretchedIndex([3, 1], [3, 4])(i))).toEqual([
      0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2,
    ]);
  });

  it("merges neighbours that every array walks in one stride", () => {
    expect(mergeAxes([2, 3, 4], [[12, 4, 1]])).toEqual({ sizes: [24], strides: [[1]] });
    expect(
      mergeAxes(
        [2, 3, 4],
        [
          [12, 4, 1],
          [0, 4, 1],
        ],
      ),
    ).toEqual({
      sizes: [2, 12],
      strides: [
        [12, 1],
        [0, 1],
      ],
    });
    expect(mergeAxes([2, 1, 4], [[4, 4, 1]])).toEqual({ sizes: [8], strides: [[1]] });
    expect(mergeAxes([2, 3], [[-3, -1]])).toEqual({ sizes: [6], strides: [[-1]] });
    expect(mergeAxes([1, 1], [[1, 1]])).toEqual({ sizes: [], strides: [[]] });
  });

  it("fills up with axes of 1, and refuses too many", () => {
    expect(padAxes("add", { sizes: [6], strides: [[1]] }, 3)).toEqual({ sizes: [1, 1, 6], strides: [[0, 0, 1]] });
    expect(() => padAxes("add", { sizes: [2, 3], strides: [[0, 1]] }, 1)).toThrow(
      "add: shape: expected at most 1 axes after merging neighbours, got [2, 3]",
    );
  });
});
