import { expect, it } from "vitest";
import { normal, uniform } from "../../engine/random.ts";
import { Tape } from "../../engine/tape.ts";
import { padBatch } from "../../data/batches/batch.ts";
import { trainingPaths } from "../../train/training_paths.ts";
import { MetricsRing } from "../../train/log/metrics_ring.ts";
import { trainingStep, uploadBatch } from "../../train/training_step.ts";
import { testDevice } from "../test_device.ts";
import { smallConfig, smallModel } from "./small_model.ts";

/*
 * What a step costs besides its arithmetic. Every operation is encoded into one compute pass a submission, which goes off
 * every 128 dispatches: nothing in the middle of a step may end a pass or make a bind group again and again.
 */

const device = testDevice();
const config = smallConfig("loss.middle_depths=1");

/** Utterances of 10 bins whose contents and lengths follow from a key. */
const batchOf = (key: number) =>
  padBatch(
    [0, 1, 2].map((i) => {
      const frames = 50 + Math.floor(20 * uniform(key, i));
      return {
        frames,
        features: Float32Array.from({ length: frames * 10 }, (_, n) => normal(key, i, n)),
        labels: Int32Array.of(1, 2 + i, 1),
      };
    }),
    10,
  );

/** What each of some steps, as training does them, cost the recorder. `batches` gives the key of each step's batch. */
async function costs(batches: readonly number[]) {
  device().poison = false; // fills are no part of a step
  const built = smallModel(device(), config, true);
  const ring = new MetricsRing(device(), ["loss", "kl", "gradNorm", "4", "2"], batches.length);
  await device().finish();
  const { recorder, pipelines } = device();
  const rows = [];
  for (const [i, key] of batches.entries()) {
    const before = {
      dispatches: recorder.dispatches,
      passes: recorder.passes,
      submits: recorder.submits,
      bindGroups: pipelines.bindGroups,
    };
    const tape = new Tape(device(), { seed: 1, step: i });
    ring.push(
      trainingStep(tape, built, uploadBatch(tape, batchOf(key), built.model), trainingPaths(config, 0), config, {
        learningRate: 1e-3,
        step: i + 1,
      }),
    );
    tape.end();
    recorder.flush();
    rows.push({
      dispatches: recorder.dispatches - before.dispatches,
      passes: recorder.passes - before.passes,
      submits: recorder.submits - before.submits,
      bindGroups: pipelines.bindGroups - before.bindGroups,
    });
  }
  await device().finish();
  ring.release();
  built.parameters.release();
  return rows;
}

it("a step is as few submissions as its dispatches need, of one compute pass each; from the third on it makes no bind groups", async () => {
  const rows = await costs([1, 1, 1, 1, 1]);
  for (const { dispatches, passes, submits } of rows) {
    expect(dispatches).toBeGreaterThan(300);
    expect(submits).toBeLessThanOrEqual(Math.ceil(dispatches / 128) + 1);
    expect(passes).toBeLessThanOrEqual(submits);
  }
  expect(rows[0]!.bindGroups).toBeGreaterThan(300);
  expect(rows.slice(2).map(({ bindGroups }) => bindGroups)).toEqual([0, 0, 0]);
});

it("steps of batches whose sizes were there before make no bind groups either", async () => {
  const rows = await costs([2, 3, 4, 2, 3, 4, 2, 3, 4]);
  expect(rows.slice(6).map(({ bindGroups }) => bindGroups)).toEqual([0, 0, 0]);
});
