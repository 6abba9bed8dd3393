import type { Device } from "../engine/device.ts";
import type { Profiler } from "../engine/profiler.ts";

/**
 * timestamps: the time of each dispatch by the device's own clock, in a compute pass of its own; excludes encoding,
 * copies and the gaps between dispatches. queue: the host's time until the device has run everything.
 */
export type ClockName = "timestamps" | "queue";

export interface Clock {
  readonly name: ClockName;
  /** Issues calls back to back and waits until the device has run all of them. Returns the total milliseconds. */
  measure(call: () => void, calls: number): Promise<number>;
}

export const clockOf = (device: Device, name: ClockName): Clock =>
  name === "timestamps" ? timestampClock(device) : queueClock(device);

const queueClock = (device: Device): Clock => ({
  name: "queue",
  measure: (call, calls) => elapsed(device, call, calls),
});

function timestampClock(device: Device): Clock {
  let profiler: Profiler | undefined;
  return {
    name: "timestamps",
    async measure(call, calls) {
      device.recorder.flush(); // what was encoded earlier does not belong to these calls
      profiler = device.recorder.profiler = profiler ?? device.startProfiling();
      try {
        await elapsed(device, call, calls);
        return (await profiler.collect()).reduce((sum, { milliseconds }) => sum + milliseconds, 0);
      } finally {
        device.recorder.profiler = undefined;
      }
    },
  };
}

/** Issues calls back to back and waits once until the device has run all of them. Returns the host's total milliseconds. */
export async function elapsed(device: Device, call: () => void, calls = 1): Promise<number> {
  const start = performance.now();
  for (let i = 0; i < calls; i++) call();
  await device.finish();
  return performance.now() - start;
}

/** The least difference of the host's clock, in nanoseconds: browsers round it to as much as 100,000. */
export function hostStep(): number {
  let least = Infinity;
  for (let changes = 0, earlier = performance.now(); changes < 20;) {
    const now = performance.now();
    if (now === earlier) continue;
    least = Math.min(least, now - earlier);
    earlier = now;
    changes++;
  }
  return Math.round(least * 1e6);
}
