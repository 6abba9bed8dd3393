import { describe, expect, it } from "vitest";
import { fill } from "../../engine/accumulate.ts";
import { openDevice } from "../../engine/device.ts";
import { read, zeroTensor } from "../../engine/tensor.ts";

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
    expect(first).toMatchObject({ label: "engine/fill", calls: 3 });
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

  it("counts the dispatches that it has no room to time", async () => {
    const device = await openDevice();
    const profiler = device.startProfiling();
    const x = zeroTensor(device, [1]);
    for (let i = 0; i < 2050; i++) fill({ device }, x, i);
    expect([...(await read(device, x))]).toEqual([2049]);
    expect(profiler.missed).toBe(2);
    expect(await profiler.collect()).toMatchObject([{ calls: 2048 }]);
    device.close();
  });
});
