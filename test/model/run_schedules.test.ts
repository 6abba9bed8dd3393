import { expect, it } from "vitest";
import { depthSchedule, type DepthSchedule } from "../../model/unfold.ts";
import { measureMemory } from "../../recognition/memory.ts";
import { testDevice } from "../test_device.ts";
import { smallConfig } from "../train/small_model.ts";

const device = testDevice();

it("paths that part at every layer hold the states of one of them, and their ends", () => {
  const blocks = 16;
  const config = smallConfig(`model.blocks=${blocks}`, `unfold.depths=[${blocks}]`);
  const [size, frames] = [4, 400];
  const peak = (schedules: readonly DepthSchedule[]): number =>
    measureMemory(device(), config, 6, false, (tape, { model }) => {
      const features = tape.upload(new Float32Array(size * frames * 10), [size, frames, 10]);
      model.forward(tape, features, new Array<number>(size).fill(frames), schedules);
    }).activationBytes;
  const whole = depthSchedule("repeat", blocks, blocks);
  const shortened = whole.map((missing) => whole.filter((block) => block !== missing));
  const stateBytes = 4 * size * (frames / 4) * config.model.dim;
  const added = (peak([whole, ...shortened]) - peak([whole])) / stateBytes;
  // A shortened path's end, and the end after the last norm. Together they have 16 * 15 / 2 = 120 states that no other path has.
  expect(added).toBeGreaterThan(blocks);
  expect(added).toBeLessThan(3 * blocks);
});
