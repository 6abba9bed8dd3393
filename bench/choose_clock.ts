import type { Device } from "../engine/device.ts";
import { formatPercent } from "../train/number_format.ts";
import { elapsed, type ClockName } from "./clock.ts";
import { multiplyAdds } from "./roofline/measure_roof.ts";

export interface ClockChoice {
  readonly name: ClockName;
  /** For a reader, with the numbers it was decided by. */
  readonly why: string;
}

/** Long dispatches, timed by both clocks in milliseconds, and short ones, in nanoseconds of the device's clock. */
export interface ClockTrial {
  readonly long: readonly { readonly device: number; readonly host: number }[];
  readonly shortNanoseconds: readonly number[];
}

/** Encoding and waiting are a small part of a long dispatch; more than this, and one of the clocks is wrong. */
const [LEAST_SHARE, MOST_SHARE] = [0.8, 1.02];
/** Timestamps in steps as long as a small kernel say nothing about it. Browsers round to 2¹⁶ ns. */
const COARSE_NANOSECONDS = 4096;
const LONG_MS = 20;

/**
 * Which clock to time this device by: its timestamps, if it has them and they agree with the host's clock over dispatches that
 * take long. The rule is the same for every driver, since a driver that counts something else shows in the trial. Measured:
 * 94 to 99 % of the host's time on lavapipe and on SwiftShader, both software drivers, whose timestamps are taken by the
 * thread that runs the dispatch; what is missing is encoding and waiting.
 */
export async function chooseClock(device: Device): Promise<ClockChoice> {
  if (!device.features.has("timestamp-query")) return { name: "queue", why: "the device has no timestamps" };
  return judgeClock(await tryTimestamps(device));
}

export function judgeClock({ long, shortNanoseconds }: ClockTrial): ClockChoice {
  // The largest: on a busy machine the host may wait for long after the device is done, but never the other way round.
  const share = Math.max(...long.map(({ device, host }) => device / host));
  const percent = formatPercent(share, 0);
  if (!(share >= LEAST_SHARE && share <= MOST_SHARE)) return { name: "queue", why: `the device's timestamps say ${percent} of the host's time for long dispatches` };
  if (shortNanoseconds.every((duration) => duration % COARSE_NANOSECONDS === 0)) return { name: "queue", why: "the device's timestamps are too coarse" };
  return { name: "timestamps", why: `the device's timestamps say ${percent} of the host's time for long dispatches, which includes the waiting` };
}

async function tryTimestamps(device: Device): Promise<ClockTrial> {
  const work = multiplyAdds(device, "f32");
  const profiler = device.startProfiling();
  const nanoseconds = async (): Promise<number[]> => (await profiler.dispatches()).map(({ begin, end }) => end - begin);
  try {
    await work.lengthen(LONG_MS);
    await nanoseconds();
    const long = [];
    for (let i = 0; i < 9; i++) {
      const host = await elapsed(device, work.call);
      long.push({ host, device: (await nanoseconds())[0]! / 1e6 });
    }
    work.shorten();
    await elapsed(device, work.call, 16);
    return { long, shortNanoseconds: await nanoseconds() };
  } finally {
    device.recorder.profiler = undefined;
    work.release();
  }
}
