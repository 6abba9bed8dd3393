import { expect, it } from "vitest";
import { recallResults, recordResults } from "../../../web/worker/recorded.ts";

const clip = {
  order: "cycle",
  frames: 2,
  applications: 1,
  milliseconds: 0,
  depths: [
    {
      depth: 1,
      schedule: [0],
      logProbs: Float32Array.of(-0.5, -1, -0.25, -2),
      text: "é",
      spans: [{ label: 1, from: 0, to: 1 }],
      kl: 0.125,
      norms: Float32Array.of(1, 1.5),
    },
  ],
} as const;

it("recalls what was recorded, matrices as f16", () => {
  expect(recallResults(recordResults([clip]), 0)).toEqual(clip);
});

it("says so of a clip that was never recorded", () => {
  expect(() => recallResults(recordResults([clip]), 1)).toThrow("there are no recorded results of clip 2");
});
