import { expect, test } from "vitest";
import type { Device } from "../../engine/device.ts";
import { StepClock } from "../../train/step_clock.ts";

/** A device whose submitted work is done when the test says so. */
function slowDevice(): { device: Device; finish: () => void } {
  let finish = (): void => undefined;
  const work = new Promise<undefined>((resolve) => (finish = () => resolve(undefined)));
  const device = {
    recorder: { flush: () => undefined },
    gpu: { queue: { onSubmittedWorkDone: () => work } },
    throwIfBroken: () => Promise.resolve(),
  };
  return { device: device as unknown as Device, finish };
}

test("a pause begins when the steps under way are finished, so that their time is not left out", async () => {
  const { device, finish } = slowDevice();
  const clock = new StepClock(device, 0);
  await clock.submitted(100);
  const order: string[] = [];
  const paused = clock.pause(() => Promise.resolve(order.push("evaluation")));
  await new Promise(setImmediate);
  order.push("step");
  finish();
  await paused;
  expect(order).toEqual(["step", "evaluation"]);
});
