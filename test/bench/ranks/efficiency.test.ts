import { expect, it } from "vitest";
import { efficiency, ringSeconds } from "../../../bench/ranks/efficiency.ts";

const assumed = { gigabitsPerSecond: 8, latency: 0.001, hostBytesPerSecond: 4e9, stepSeconds: 1 };

it("a ring sends 2(n-1)/n of the bytes in 2(n-1) messages, one after the other", () => {
  expect(ringSeconds(1e9, 2, assumed)).toBeCloseTo(1 + 0.002, 9); // 1 GB at 1 GB/s
  expect(ringSeconds(1e9, 4, assumed)).toBeCloseTo(1.5 + 0.006, 9);
});

it("efficiency is a step's time over that with its exchange and the copies", () => {
  expect(efficiency(1e9, 2, assumed)).toBeCloseTo(1 / (1 + 1.002 + 0.5), 9);
});
