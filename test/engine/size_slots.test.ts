import { afterAll, beforeAll, expect, it } from "vitest";
import { openDevice, type Device } from "../../engine/device.ts";
import { dryDevice } from "../../engine/dry_device.ts";
import { uniform } from "../../engine/random.ts";
import { Tape } from "../../engine/tape.ts";
import { leaf, read, tensor } from "../../engine/transfer.ts";
import { layerNorm } from "../../kernels/layer_norm/layer_norm.ts";
import { linear } from "../../kernels/linear/linear.ts";
import { sum } from "../../kernels/reduction/reduction.ts";

let devices: Device[] = [];
beforeAll(async () => {
  devices = [await openDevice({ immediates: true }), await openDevice({ immediates: false })];
});
afterAll(() => devices.forEach((device) => device.close()));

const drawn = (count: number, key: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => uniform(7, key, i) - 0.5);

/** A step of more dispatches than a submission takes, with rows and columns that differ from one to the next. */
async function gradient(device: Device): Promise<number[]> {
  const weight = leaf(device, drawn(16 * 16, 1), [16, 16]);
  const [scale, shift] = [leaf(device, drawn(16, 2), [16]), leaf(device, drawn(16, 3), [16])];
  const tape = new Tape(device);
  const bias = tensor(device, new Float32Array(16), [16]);
  for (let rows = 1; rows <= 60; rows++) {
    const x = tape.upload(drawn(rows * 16, 10 + rows), [rows, 16]);
    const y = layerNorm(tape, linear(tape, x, weight, bias), scale, shift);
    tape.backward(sum(tape, y));
  }
  const result = [...(await read(device, weight.grad!)), ...(await read(device, scale.grad!))];
  tape.end();
  return result;
}

it("sizes in a uniform buffer give what immediates do, bit by bit, over several submissions", async () => {
  const [withImmediates, withSlots] = devices as [Device, Device];
  const before = withSlots.recorder.submits;
  const results = [await gradient(withImmediates), await gradient(withSlots)];
  expect(withSlots.recorder.submits - before).toBeGreaterThan(2);
  expect(results[1]!.some((value) => value !== 0)).toBe(true);
  expect(results[1]).toEqual(results[0]);
});

it("a device without immediates has a dry device without them", () => {
  expect(devices.map((device) => dryDevice(device).recorder.sizeSlots !== undefined)).toEqual([false, true]);
});
