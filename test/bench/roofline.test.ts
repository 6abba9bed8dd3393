import { describe, expect, it } from "vitest";
import { judgeClock } from "../../bench/choose_clock.ts";
import { copiesBeyondCache } from "../../bench/case_runs.ts";
import { measureRoof } from "../../bench/roofline/measure_roof.ts";
import { boundAt, boundOf, intensityOf, leastMs, ridgeOf, shareOfRoof } from "../../bench/roofline/roof.ts";
import { openDevice } from "../../engine/device.ts";

const roof = { gigabytesPerSecond: 10, gflopsPerSecond: 100 };

describe("the roofline", () => {
  it("rises with the intensity up to the ridge and is flat from there", () => {
    expect(ridgeOf(roof)).toBe(10);
    expect([0, 1, 9, 10, 1000].map((intensity) => boundAt(intensity, roof))).toEqual([0, 10, 90, 100, 100]);
  });

  it("names the bound, the least time and the share reached", () => {
    const [memory, arithmetic] = [
      { flops: 2e6, bytes: 1e6 },
      { flops: 1e9, bytes: 1e6 },
    ];
    expect([memory, arithmetic].map((work) => [intensityOf(work), boundOf(work, roof), leastMs(work, roof)])).toEqual([
      [2, "memory", 0.1],
      [1000, "arithmetic", 10],
    ]);
    expect(shareOfRoof(memory, 0.4, roof)).toBe(0.25);
    expect(shareOfRoof(arithmetic, 20, roof)).toBe(0.5);
  });

  it("takes work without arithmetic by its bytes", () => {
    const copy = { flops: 0, bytes: 1e7 };
    expect([boundOf(copy, roof), shareOfRoof(copy, 2, roof)]).toEqual(["memory", 0.5]);
  });

  it("is measured on the device", async () => {
    const device = await openDevice();
    const measured = await measureRoof(device, "queue");
    expect(measured.gigabytesPerSecond).toBe(
      Math.max(...measured.copies.map(({ gigabytesPerSecond }) => gigabytesPerSecond)),
    );
    // A software driver on one slow core copies more than 0.1 GB/s and multiplies more than 0.1 GFLOP/s; no device reaches 1e6.
    for (const rate of [measured.gigabytesPerSecond, measured.gflopsPerSecond, measured.halfGflopsPerSecond ?? 1]) {
      expect(rate).toBeGreaterThan(0.1);
      expect(rate).toBeLessThan(1e6);
    }
    expect(measured.halfGflopsPerSecond !== null).toBe(device.features.has("shader-f16"));
    expect(device.pool.statistics).toMatchObject({ liveBytes: 0 });
    device.close();
  });
});

describe("the choice of a clock", () => {
  const long = (share: number) => [share / 3, share, share / 2].map((part) => ({ device: 20 * part, host: 20 }));
  const trial = { long: long(0.95), chains: long(0.9), shortNanoseconds: [1300, 65_536, 2700] };

  it("takes timestamps that agree with the host's clock, in the trial that was disturbed least", () => {
    expect(judgeClock(trial).name).toBe("timestamps");
    expect(judgeClock({ ...trial, chains: long(0.1) }).name).toBe("timestamps"); // the host spent the rest encoding
  });

  it("takes the queue where they do not, or are in steps as long as a small kernel", () => {
    expect(judgeClock({ ...trial, long: long(0.3) })).toEqual({
      name: "queue",
      why: "the device's timestamps show 30 % of the host's time for long dispatches",
    });
    expect(judgeClock({ ...trial, long: long(1.2) }).name).toBe("queue");
    expect(judgeClock({ ...trial, long: long(NaN) }).name).toBe("queue");
    expect(judgeClock({ ...trial, shortNanoseconds: [0, 65_536, 196_608, 131_072] })).toEqual({
      name: "queue",
      why: "the device's timestamps are too coarse: they come in steps of 65,536 ns",
    });
  });

  it("takes the queue where dispatches that wait for each other add up to more than all of them took", () => {
    const why =
      "the device's timestamps of 64 dispatches that wait for each other add up to 168 % of the host's time for all of them";
    expect(judgeClock({ ...trial, chains: long(1.68) })).toEqual({ name: "queue", why });
    expect(judgeClock({ ...trial, chains: long(NaN) }).name).toBe("queue");
  });
});

it("as many copies take turns as exceed the cache", () => {
  const mib = 2 ** 20;
  expect([1000, mib, 10 * mib, 32 * mib, 500 * mib].map((bytes) => copiesBeyondCache(bytes, true))).toEqual([
    128, 33, 5, 1, 1,
  ]);
  expect([mib, 16 * mib].map((bytes) => copiesBeyondCache(bytes, false))).toEqual([128, 17]);
});
