import { describe, expect, it } from "vitest";
import { countApplications, depthSchedule, unfold } from "../../model/unfold.ts";

describe("a depth below the number of blocks", () => {
  it("runs the first ones, or evenly spaced ones with the last", () => {
    expect(depthSchedule("repeat", 6, 4)).toEqual([0, 1, 2, 3]);
    const even = (depth: number): readonly number[] => depthSchedule("repeat", 6, depth, "even");
    expect([1, 2, 3, 4, 5].map(even)).toEqual([[5], [2, 5], [1, 3, 5], [0, 2, 3, 5], [0, 1, 2, 3, 5]]);
    expect(depthSchedule("cycle", 4, 2, "even")).toEqual([1, 3]);
  });

  it("leaves other depths as they are", () => {
    for (const order of ["repeat", "cycle"] as const)
      for (const depth of [3, 6, 7])
        expect(depthSchedule(order, 3, depth, "even")).toEqual(depthSchedule(order, 3, depth));
  });
});

it("shared prefixes run once, and the blocks of all schedules where they share none", () => {
  const schedules = [
    [0, 1, 0, 1],
    [0, 1],
    [0, 0, 1],
  ];
  expect(unfold("", schedules, (x, block) => x + block)).toEqual(["0101", "01", "001"]);
  expect(countApplications(schedules)).toBe(6);
  expect(countApplications(schedules, false)).toBe(9);
});
