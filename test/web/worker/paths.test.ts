import { expect, it } from "vitest";
import { unfoldingPaths } from "../../../model/unfolding_paths.ts";
import { depthSchedule } from "../../../model/unfold.ts";
import { pathOf } from "../../../web/worker/paths.ts";

const ORDERS_OF_THREE = [
  [0, 1, 2],
  [0, 2, 1],
  [1, 0, 2],
  [1, 2, 0],
  [2, 0, 1],
  [2, 1, 0],
];

it.each([3, 4, 5, 6, 7, 8, 9])("reaches every legal path of 3 blocks to depth %i, and no other", (depth) => {
  const { count, at } = unfoldingPaths(3, depth);
  const legal = Array.from({ length: Number(count) }, (_, i) => at(BigInt(i)).join());
  const reached = ORDERS_OF_THREE.map((order) => pathOf(order, 3, depth).join());
  expect(new Set(reached)).toEqual(new Set(legal));
});

it("follows the named orders, and below the seed's depth runs its first blocks", () => {
  expect(pathOf("cycle", 2, 5)).toEqual(depthSchedule("cycle", 2, 5));
  expect(pathOf("repeat", 2, 5)).toEqual(depthSchedule("repeat", 2, 5));
  expect(pathOf([2, 1, 0], 3, 2)).toEqual([0, 1]);
});
