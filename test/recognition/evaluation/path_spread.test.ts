import { expect, it } from "vitest";
import { uniform } from "../../../engine/random.ts";
import { CharacterUnits } from "../../../model/units/characters.ts";
import { scheduleOf } from "../../../config/depths.ts";
import type { BuiltModel } from "../../../checkpoint/build_model.ts";
import type { Utterance } from "../../../data/dataset.ts";
import { choosePaths } from "../../../recognition/evaluation/choose_paths.ts";
import { evaluate } from "../../../recognition/evaluation/evaluate.ts";
import { evaluateSpread, summarise } from "../../../recognition/evaluation/path_spread.ts";
import { pathTable } from "../../../recognition/evaluation/path_table.ts";
import { testDevice } from "../../test_device.ts";
import { smallConfig, smallModel } from "../../train/small_model.ts";
import { waves } from "../waves.ts";

const BINS = 10;
const device = testDevice();
const config = smallConfig("model.blocks=5", "unfold.depths=[5, 7]");
const units = new CharacterUnits([" ", "a", "b", "c", "d"]);

const utterance = (frames: number, key: number): Utterance => ({
  id: `u${key}`,
  text: "a b",
  speaker: null,
  seconds: frames / 100,
  frames,
  labels: new Int32Array(),
  features: waves(frames, BINS, key),
});
const recorded = [utterance(410, 1), utterance(273, 2), utterance(320, 3), utterance(260, 4), utterance(77, 5)];

/** A model whose blocks have large weights, each its own, so that every path says something else. */
function talkative(bound: number): BuiltModel {
  const built = smallModel(device(), config);
  for (const [key, { name, tensor, decay }] of built.parameters.all.entries())
    if (decay)
      built.parameters.write(
        name,
        Float32Array.from({ length: tensor.size }, (_, i) => bound * (2 * uniform(9, key, i) - 1)),
      );
  return built;
}

it("of paths evaluated together are those of each path evaluated alone", async () => {
  const { model } = talkative(2);
  const chosen = choosePaths(config, [5, 7], "all");
  // What the model says along the usual path is taken as right, so that error rates differ between paths.
  const usual = [{ depth: 7, schedule: scheduleOf(config, 7) }];
  const [said] = await evaluate(device(), model, recorded, usual, units);
  const utterances = recorded.map((utterance, i) => ({ ...utterance, text: said!.utterances[i]!.hypothesis }));
  const progress: [number, number][] = [];
  const spreads = await evaluateSpread(device(), model, utterances, chosen, units, {
    onProgress: (done, total) => progress.push([done, total]),
  });
  expect(spreads.map(({ depth, legalPaths, paths }) => [depth, legalPaths, paths.length])).toEqual([
    [5, 1, 1],
    [7, 10, 10],
  ]);
  const alone: number[] = [];
  for (const schedule of chosen[1]!.schedules) {
    const [score] = await evaluate(device(), model, utterances, [{ depth: 7, schedule }], units);
    alone.push(score!.wer);
  }
  const spread = spreads[1]!;
  expect(new Set(alone).size).toBeGreaterThan(2); // else any path would pass for another
  expect(spread.paths).toEqual(chosen[1]!.schedules.map((schedule, i) => ({ schedule, wer: alone[i] })));
  const ascending = alone.toSorted((a, b) => a - b);
  const mean = alone.reduce((sum, wer) => sum + wer) / 10;
  expect(spread.mean).toBeCloseTo(mean, 12);
  expect(spread.median).toBeCloseTo((ascending[4]! + ascending[5]!) / 2, 12);
  expect(spread.standardDeviation! ** 2).toBeCloseTo(alone.reduce((sum, wer) => sum + (wer - mean) ** 2, 0) / 9, 12);
  expect(spread.medianPath.wer).toBe(ascending[4]);
  expect(spread.paths).toContainEqual(spread.medianPath);

  const counts = progress.map(([done]) => done);
  expect(counts).toEqual(counts.toSorted((a, b) => a - b));
  expect(progress.at(-1)).toEqual([11 * utterances.length, 11 * utterances.length]);
});

it("the path in the middle is named, of two the better, and one path has no deviation", () => {
  const path = (block: number, wer: number) => ({ schedule: [block], wer });
  const odd = summarise([path(0, 0.5), path(1, 0.1), path(2, 0.3)]);
  expect([odd.median, odd.medianPath]).toEqual([0.3, path(2, 0.3)]);
  expect(odd.standardDeviation).toBeCloseTo(0.2, 12);
  const even = summarise([path(0, 0.5), path(1, 0.25), path(2, 0.75), path(3, 0)]);
  expect(even).toMatchObject({ mean: 0.375, median: 0.375, medianPath: path(1, 0.25) });
  expect(summarise([path(0, 0.5)])).toEqual({
    mean: 0.5,
    median: 0.5,
    standardDeviation: null,
    medianPath: path(0, 0.5),
  });
});

it("the table names the path of median WER block by block", () => {
  const paths = [
    { schedule: [0, 0, 1], wer: 0.1 },
    { schedule: [0, 1, 1], wer: 0.3 },
  ];
  const text = pathTable([{ depth: 3, legalPaths: 2, ...summarise(paths), paths }]);
  expect(
    text
      .split("\n")
      .find((line) => line.includes("0 0 1"))
      ?.trim()
      .split(/ {2,}|│/u)
      .map((cell) => cell.trim())
      .filter(Boolean),
  ).toEqual(["3", "2", "2", "20.00 %", "20.00 %", "14.14 %", "0 0 1"]);
});
