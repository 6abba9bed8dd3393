import { afterAll, beforeAll } from "vitest";
import { openDevice, type Device } from "../engine/device.ts";

/** A device for all tests of a file, with every new tensor poisoned by NaN. A missing adapter fails the file. */
export function testDevice(): () => Device {
  let device: Device | undefined;
  beforeAll(async () => {
    device = await openDevice();
    device.poison = true;
  });
  afterAll(() => device?.close());
  return () => {
    if (!device) throw new Error("the test device is not open yet");
    return device;
  };
}
