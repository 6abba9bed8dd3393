import { afterAll, beforeAll } from "vitest";
import { openDevice, type Device } from "../engine/device.ts";

/** One device serves all files that a process tests, so that each pipeline is made once. */
let shared: Device | undefined;

/** A device for the tests of a file, with every new tensor poisoned by NaN. A missing adapter fails the file. */
export function testDevice(): () => Device {
  let device: Device | undefined;
  beforeAll(async () => {
    device = shared ??= await openDevice();
    device.poison = true;
  });
  afterAll(() => (device = undefined));
  return () => {
    if (!device) throw new Error("the test device is not open yet");
    return device;
  };
}
