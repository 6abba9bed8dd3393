import { describe, expect, it } from "vitest";
import {
  broadcastShapes,
  expectAxis,
  expectRank,
  expectShape,
  expectType,
  rowsAndCols,
  ShapeError,
  sizeOf,
  stridesOf,
} from "../../engine/shape.ts";

const x = { shape: [2, 3, 5], dtype: "f32" };

describe("shape checks", () => {
  it("accept what fits", () => {
    expectShape("op", "x", x, [2, null, 5]);
    expectRank("op", "x", x, 3);
    expectType("op", "x", x, "f32");
  });

  it("name operation, argument, what was expected and what came", () => {
    const message = (check: () => unknown): string => {
      try {
        check();
      } catch (error) {
        expect(error).toBeInstanceOf(ShapeError);
        return (error as Error).message;
      }
      throw new Error("nothing was thrown");
    };
    expect(message(() => expectShape("layerNorm", "scale", x, [2, null, 4]))).toBe(
      "layerNorm: scale: expected [2, any, 4], got [2, 3, 5]",
    );
    expect(message(() => expectShape("op", "x", x, [2, 3]))).toBe("op: x: expected [2, 3], got [2, 3, 5]");
    expect(message(() => expectRank("op", "x", x, 2))).toBe("op: x: expected 2 axes, got [2, 3, 5]");
    expect(message(() => expectType("op", "x", x, "i32"))).toBe("op: x: expected type i32, got type f32");
    expect(message(() => expectAxis("op", 3, 3))).toBe("op: axis: expected an axis of a tensor with 3 axes, got 3");
    expect(message(() => rowsAndCols("op", "x", { shape: [], dtype: "f32" }))).toBe(
      "op: x: expected at least one axis, got a scalar",
    );
    expect(message(() => broadcastShapes("add", [2, 3], [2]))).toBe(
      "add: b: expected a shape that broadcasts with [2, 3], got [2]",
    );
  });
});

describe("axes, rows and strides", () => {
  it("count axes from either end", () => {
    expect([expectAxis("op", 0, 3), expectAxis("op", -1, 3), expectAxis("op", -3, 3)]).toEqual([0, 2, 0]);
    for (const axis of [-4, 3, 0.5, NaN]) expect(() => expectAxis("op", axis, 3)).toThrow(ShapeError);
  });

  it("see all axes but the last as rows", () => {
    expect(rowsAndCols("op", "x", x)).toEqual({ rows: 6, cols: 5 });
    expect(rowsAndCols("op", "x", { shape: [7], dtype: "f32" })).toEqual({ rows: 1, cols: 7 });
  });

  it("a scalar has one element, an empty axis none", () => {
    expect([sizeOf([]), sizeOf([3, 0])]).toEqual([1, 0]);
  });

  it("are row-major", () => {
    expect(stridesOf([2, 3, 5])).toEqual([15, 5, 1]);
    expect(stridesOf([])).toEqual([]);
  });

  it("broadcast as NumPy does", () => {
    expect(broadcastShapes("op", [2, 1, 5], [3, 1])).toEqual([2, 3, 5]);
    expect(broadcastShapes("op", [], [4])).toEqual([4]);
    expect(broadcastShapes("op", [1], [0])).toEqual([0]);
  });
});
