import { describe, expect, test } from "vitest";
import { drawChanges, type AugmentConfig } from "../../../data/augment/draw.ts";

const config: AugmentConfig = {
  speed: [0.9, 1, 1.1],
  volume: { gainDb: [-6, 4], probability: 0.3 },
  noise: { manifest: "noise.jsonl", snrDb: [5, 20], probability: 0.6 },
};
const RECORDINGS = 3;
const draw = (key: number[], change: Partial<AugmentConfig> = {}, fits = (_: number): boolean => true) =>
  drawChanges({ ...config, ...change }, key, RECORDINGS, fits);
const drawn = Array.from({ length: 3000 }, (_, i) => draw([5, 0, i]));
const share = (is: (changes: (typeof drawn)[number]) => boolean): number => drawn.filter(is).length / drawn.length;

test("the key alone decides", () => {
  expect(draw([3, 1, 4])).toEqual(draw([3, 1, 4]));
  for (const place of [0, 1, 2]) {
    const keys = Array.from({ length: 50 }, (_, i) => [3, 1, 4].with(place, 100 + i));
    expect(new Set(keys.map((key) => JSON.stringify(draw(key)))).size).toBeGreaterThan(25);
  }
});

test("speeds are equally frequent; where one does not fit, the utterance keeps its own", () => {
  for (const speed of [0.9, 1, 1.1]) expect(share((changes) => changes.speed === speed)).toBeCloseTo(1 / 3, 1);
  const slow = Array.from({ length: 50 }, (_, i) => draw([5, 0, i], {}, (speed) => speed <= 1).speed);
  expect(slow).toEqual(drawn.slice(0, 50).map(({ speed }) => Math.min(1, speed)));
});

test("noise and volume are as frequent as they should be, over the whole of their ranges", () => {
  expect(share(({ noise }) => noise !== null)).toBeCloseTo(0.6, 1);
  expect(share(({ gainDb }) => gainDb !== null)).toBeCloseTo(0.3, 1);
  const noises = drawn.flatMap(({ noise }) => (noise ? [noise] : []));
  const ends = (values: number[]): number[] => [Math.min(...values), Math.max(...values)];
  expect(new Set(noises.map(({ recording }) => recording))).toEqual(new Set([0, 1, 2]));
  for (const [values, [low, high]] of [
    [noises.map(({ snrDb }) => snrDb), [5, 20]],
    [noises.map(({ position }) => position), [0, 1]],
    [drawn.flatMap(({ gainDb }) => gainDb ?? []), [-6, 4]],
  ] as [number[], [number, number]][]) {
    const [least, most] = ends(values) as [number, number];
    expect(least).toBeGreaterThanOrEqual(low);
    expect(most).toBeLessThanOrEqual(high);
    expect(most - least).toBeGreaterThan(0.97 * (high - low));
  }
});

describe("one kind of change does not depend on the others", () => {
  test.each([{ speed: null }, { noise: null }, { volume: null }])("without %j", (without) => {
    for (let i = 0; i < 50; i++) {
      const some = draw([5, 0, i], without);
      expect(some).toEqual({
        ...drawn[i],
        ...("speed" in without && { speed: 1 }),
        ...("noise" in without && { noise: null }),
        ...("volume" in without && { gainDb: null }),
      });
    }
  });
});
