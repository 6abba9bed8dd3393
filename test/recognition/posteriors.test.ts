import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { BuiltModel } from "../../checkpoint/build_model.ts";
import { forEachPosterior, type PosteriorOptions, type UsePosterior } from "../../recognition/posteriors.ts";
import { testDevice } from "../test_device.ts";
import { smallModel } from "../train/small_model.ts";
import { waves } from "./waves.ts";

const device = testDevice();
const utterances = [1, 2, 3].map((key) => ({ frames: 31, labels: new Int32Array(), features: waves(31, 10, key) }));

let built: BuiltModel;
beforeAll(() => void (built = smallModel(device())));
afterAll(() => built.parameters.release());

/** Each utterance is a batch. */
const run = (use: UsePosterior, options: PosteriorOptions = {}): Promise<void> =>
  forEachPosterior(device(), built.model, utterances, [[0]], { batchSize: 1, ...options }, use);

describe("a use that takes its time", () => {
  it("goes on while the next batch is computed, and all have ended when the whole has", async () => {
    const events: string[] = [];
    let secondCame: () => void;
    const second = new Promise<void>((resolve) => (secondCame = resolve));
    await run(
      async (_, i) => {
        events.push(`begins ${i}`);
        if (i === 1) secondCame();
        if (i === 0) await second; // without overlap it would never come
        await new Promise((resolve) => setTimeout(resolve, 20));
        events.push(`ends ${i}`);
      },
      { onProgress: (done, total) => events.push(`${done} of ${total}`) },
    );
    expect(events.filter((event) => event.startsWith("ends"))).toHaveLength(3);
    expect(events.slice(0, 2)).toEqual(["begins 0", "begins 1"]);
    expect(events.indexOf("begins 2")).toBeGreaterThan(events.indexOf("ends 0")); // no more than two at once
    expect(events.filter((event) => event.includes("of"))).toEqual(["1 of 3", "2 of 3", "3 of 3"]);
  });

  it.each([0, 1, 2])("and fails for utterance %i fails the whole", async (bad) => {
    const running = run(async (_, i) => {
      await Promise.resolve();
      if (i === bad) throw new Error(`no ${i}`);
    });
    await expect(running).rejects.toThrow(`no ${bad}`);
  });
});
