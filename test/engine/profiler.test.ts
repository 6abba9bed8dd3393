import { describe, expect, it } from "vitest";
import { fill } from "../../engine/accumulate/accumulate.ts";
import { openDevice } from "../../engine/device.ts";
import { countedOnce } from "../../engine/profiler.ts";
import { Tape } from "../../engine/tape.ts";
import { leaf, read, zeroTensor } from "../../engine/transfer.ts";
import { square } from "../../kernels/pointwise/unary.ts";

// Dispatches of about 500 ns, each waiting for the one before, as a GPU stamps them that takes the begin when it reaches the pass: while
// the one before is still running. The fourth does not depend on the third and ends before it; before the fifth the device is idle.
const STAMPED = [
  { begin: 0, end: 500 },
  { begin: 20, end: 1010 },
  { begin: 40, end: 1520 },
  { begin: 1100, end: 1400 },
  { begin: 1900, end: 2000 },
];
const sum = (spans: readonly { readonly begin: number; readonly end: number }[]): number =>
  spans.reduce((total, { begin, end }) => total + end - begin, 0);

describe("spans that overlap", () => {
  it("are counted from where all before them have ended, so that no time counts twice", () => {
    expect(sum(STAMPED)).toBe(3370); // in 2000 ns
    expect(countedOnce(STAMPED)).toEqual([
      { begin: 0, end: 500 },
      { begin: 500, end: 1010 },
      { begin: 1010, end: 1520 },
      { begin: 1520, end: 1520 },
      { begin: 1900, end: 2000 },
    ]);
    expect(sum(countedOnce(STAMPED))).toBe(1620);
  });

  it("stay as they are where none overlap", () => {
    const apart = [
      { begin: 0, end: 5 },
      { begin: 5, end: 9 },
      { begin: 12, end: 13 },
    ];
    expect(countedOnce(apart)).toEqual(apart);
    expect(countedOnce([])).toEqual([]);
  });
});

describe("profiler", () => {
  it("counts and times each kernel, and changes no result", async () => {
    const device = await openDevice();
    const profiler = device.startProfiling();
    const [x, y] = [zeroTensor(device, [5000]), zeroTensor(device, [3])];
    for (const value of [1, 2, 3]) fill({ device }, x, value);
    device.recorder.copy(x.storage.buffer, 0, y.storage.buffer, 0, 12);
    expect([...(await read(device, y))]).toEqual([3, 3, 3]);
    const [first, ...others] = await profiler.collect();
    expect(others).toEqual([]);
    expect(first).toMatchObject({ label: "accumulate/fill", calls: 3 });
    expect(first!.milliseconds).toBeGreaterThan(0);
    expect(await profiler.collect()).toEqual([]);
    device.close();
  });

  it("starts again after collect(), which wants a flush before it", async () => {
    const device = await openDevice();
    const profiler = device.startProfiling();
    const x = zeroTensor(device, [4]);
    fill({ device }, x, 1);
    await expect(profiler.collect()).rejects.toThrow("Profiler: the recorder was not flushed before collect()");
    await device.finish();
    expect(await profiler.collect()).toMatchObject([{ calls: 1 }]);
    fill({ device }, x, 1);
    fill({ device }, x, 2);
    await device.finish();
    expect(await profiler.collect()).toMatchObject([{ calls: 2 }]);
    device.close();
  });

  it("times more dispatches than a query set has room for, again and again", async () => {
    const device = await openDevice();
    const profiler = device.startProfiling();
    const x = zeroTensor(device, [1]);
    for (const count of [2050, 4097, 3]) {
      for (let i = 0; i < count; i++) fill({ device }, x, i);
      expect([...(await read(device, x))]).toEqual([count - 1]);
      const dispatches = await profiler.dispatches();
      expect(dispatches.length).toBe(count);
      // A timestamp that was not copied to the host would be 0, long before the first.
      expect(dispatches[0]!.begin).toBe(0);
      expect(dispatches.filter(({ begin, end }) => !(begin >= 0 && end >= begin))).toEqual([]);
      expect(dispatches.at(-1)!.begin).toBeGreaterThan(0);
    }
    device.close();
  });

  it("says of each dispatch where in the model it was encoded and when it was submitted", async () => {
    const device = await openDevice();
    const profiler = device.startProfiling();
    const tape = new Tape(device);
    const before = performance.now();
    const x = leaf(device, [1, 2], [2]);
    const y = tape.named("layer 1", () => square(tape, x));
    const z = tape.named("layer 2", () => tape.checkpoint((h) => tape.named("inside", () => square(tape, h)), y));
    tape.backward(z, tape.filled([2], 1));
    tape.end();
    expect([...(await read(device, x.grad!))]).toEqual([4, 32]);
    const dispatches = await profiler.dispatches();
    expect(dispatches.map(({ label, scope }) => `${label} ${scope}`)).toEqual([
      "pointwise/unary layer 1",
      "pointwise/unary inside",
      "accumulate/fill ", // forward
      "pointwise/unary inside",
      "pointwise/unary_backward inside", // the checkpoint, again and backward
      "pointwise/unary_backward layer 1",
      "accumulate/add_into layer 1",
    ]);
    const after = performance.now();
    expect(dispatches.filter(({ submitted }) => !(submitted >= before && submitted <= after))).toEqual([]);
    expect(device.recorder.scope).toBe("");
    device.close();
  });
});
