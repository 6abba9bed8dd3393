import type { Device } from "../engine/device.ts";
import { formatCount, formatPercent } from "../data/text/number_format.ts";
import { elapsed, hostStep, type ClockName } from "./clock.ts";
import { multiplyAdds } from "./roofline/measure_roof.ts";

export interface ClockChoice {
  readonly name: ClockName;
  /** The reason in words, with the numbers behind it. */
  readonly why: string;
  /** The least difference that the clock shows, as far as the trial tells. */
  readonly stepNanoseconds?: number | undefined;
}

/** Milliseconds of the same work by both clocks. */
interface BothClocks {
  readonly device: number;
  readonly host: number;
}

export interface ClockTrial {
  /** Long dispatches, one at a time. */
  readonly long: readonly BothClocks[];
  /** Many dispatches at a time, each of which waits for the one before; `device` is their sum. */
  readonly chains: readonly BothClocks[];
  /** Short dispatches, by the device's clock. */
  readonly shortNanoseconds: readonly number[];
}

/** Encoding and waiting are a small part of a long dispatch; outside these bounds one of the clocks is wrong. */
const [LEAST_SHARE, MOST_SHARE] = [0.8, 1.02];
/** Timestamps as coarse as a small kernel's duration cannot measure it. Browsers round to 2¹⁶ ns. */
const COARSE_NANOSECONDS = 4096;
const [LONG_MS, LINK_MS] = [20, 0.5];
const [LONG_TRIALS, CHAINS, LINKS] = [9, 5, 64];

/**
 * Chooses the clock to time this device by: its timestamps, if it has them, if they agree with the host's clock over long
 * dispatches, and if those of a chain of dependent dispatches add up to no more than the host waited for all of them. (A
 * device may stamp a dispatch's begin before waiting for the one before; the profiler must then have subtracted that
 * wait.) The rule is the same for every driver, since a driver that counts something else shows in the trial. Measured:
 * 94 to 99 % of the host's time on lavapipe and on SwiftShader, both software drivers, whose timestamps are taken by the
 * thread that runs the dispatch; the rest is encoding and waiting.
 */
export async function chooseClock(device: Device): Promise<ClockChoice> {
  const choice: ClockChoice = device.features.has("timestamp-query")
    ? judgeClock(await tryTimestamps(device))
    : { name: "queue", why: "the device has no timestamps" };
  return choice.name === "queue" ? { ...choice, stepNanoseconds: hostStep() } : choice;
}

export function judgeClock({ long, chains, shortNanoseconds }: ClockTrial): ClockChoice {
  // The largest ratio: on a busy machine the host may wait long after the device is done, but never the reverse.
  const largest = (trials: readonly BothClocks[]): number =>
    Math.max(...trials.map(({ device, host }) => device / host));
  const share = largest(long);
  const percent = formatPercent(share, 0);
  if (!(share >= LEAST_SHARE && share <= MOST_SHARE))
    return { name: "queue", why: `the device's timestamps show ${percent} of the host's time for long dispatches` };
  const chained = largest(chains);
  if (!(chained <= MOST_SHARE))
    return {
      name: "queue",
      why: `the device's timestamps of ${LINKS} dispatches that wait for each other add up to ${formatPercent(chained, 0)} of the host's time for all of them`,
    };
  // All durations are multiples of the step; the short ones may all be 0.
  const stepNanoseconds =
    shortNanoseconds.reduce(divisor, 0) || long.map(({ device }) => Math.round(device * 1e6)).reduce(divisor, 0);
  if (shortNanoseconds.every((duration) => duration % COARSE_NANOSECONDS === 0))
    return {
      name: "queue",
      why: `the device's timestamps are too coarse: they come in steps of ${formatCount(stepNanoseconds)} ns`,
    };
  return {
    name: "timestamps",
    stepNanoseconds,
    why: `the device's timestamps show ${percent} of the host's time for long dispatches, which includes waiting`,
  };
}

/** The greatest common one. */
const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b));

async function tryTimestamps(device: Device): Promise<ClockTrial> {
  const work = multiplyAdds(device, "f32");
  const profiler = device.startProfiling();
  const nanoseconds = async (): Promise<number[]> => (await profiler.dispatches()).map(({ begin, end }) => end - begin);
  const trials = async (count: number, calls: number): Promise<BothClocks[]> => {
    const found = [];
    await nanoseconds(); // discard earlier dispatches
    for (let i = 0; i < count; i++) {
      const host = await elapsed(device, work.call, calls);
      found.push({ host, device: (await nanoseconds()).reduce((sum, each) => sum + each, 0) / 1e6 });
    }
    return found;
  };
  try {
    await work.lengthen(LINK_MS);
    const chains = await trials(CHAINS, LINKS); // each call writes what the one before wrote
    await work.lengthen(LONG_MS);
    const long = await trials(LONG_TRIALS, 1);
    work.shorten();
    await elapsed(device, work.call, 16);
    return { long, chains, shortNanoseconds: await nanoseconds() };
  } finally {
    device.recorder.profiler = undefined;
    work.release();
  }
}
