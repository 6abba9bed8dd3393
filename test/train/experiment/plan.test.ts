import { expect, it } from "vitest";
import { UserError } from "../../../engine/errors.ts";
import type { Row } from "../../../train/experiment/config.ts";
import { chooseRows, epochsWithin, runsOf } from "../../../train/experiment/plan.ts";

const row = (name: string, seeds: number, group = name): Row => ({
  name,
  title: name,
  group,
  groupTitle: group,
  seeds,
  overrides: [],
});
const ROWS = [row("alone-2", 3, "alone"), row("alone-4", 2, "alone"), row("method", 3), row("repeat", 1)];

it("seed 1 of every row comes first", () => {
  expect(runsOf(ROWS).map(({ name }) => name)).toEqual([
    "alone-2-seed1",
    "alone-4-seed1",
    "method-seed1",
    "repeat-seed1",
    "alone-2-seed2",
    "alone-4-seed2",
    "method-seed2",
    "alone-2-seed3",
    "method-seed3",
  ]);
});

it("rows are chosen by their names or their groups', in the experiment's order", () => {
  const chosen = (...names: string[]): string[] => chooseRows(ROWS, names).map(({ name }) => name);
  expect(chosen("method", "alone")).toEqual(["alone-2", "alone-4", "method"]);
  expect(chosen("alone-4")).toEqual(["alone-4"]);
  expect(chooseRows(ROWS, undefined)).toEqual(ROWS);
  expect(() => chosen("method", "metod")).toThrow(
    new UserError(
      "--rows: 'metod' is not a row or group of the experiment; there are alone-2, alone, alone-4, method, repeat",
    ),
  );
});

it("the epochs that fit into a budget: most of it, less what is done once and in each run", () => {
  const costs = [
    { runs: 3, epochSeconds: 10, fixedSeconds: 20 },
    { runs: 1, epochSeconds: 30, fixedSeconds: 40 },
  ];
  // 0.92 * 1000 = 920; fixed 50 + 3 * 20 + 40 = 150; an epoch of all 60: 770 / 60 = 12.8.
  expect(epochsWithin(1000, costs, 50)).toBe(12);
  // Of 210 s one epoch fits: 210 / 0.92 = 228.3 s.
  expect(epochsWithin(229, costs, 50)).toBe(1);
  expect(() => epochsWithin(228, costs, 50)).toThrow(
    new UserError(
      "--budget: 3.8 minutes are too few for 4 runs; one epoch each needs 4 minutes; choose fewer rows with --rows or fewer seeds with --seeds",
    ),
  );
});
