import { Bench } from "tinybench";
import type { Device } from "../engine/device.ts";
import { RunError } from "../engine/errors.ts";
import { clockOf, elapsed, type Clock, type ClockName } from "./clock.ts";

/** How long to measure. */
export interface TimeBudget {
  /** Milliseconds for all samples of one number. */
  readonly time: number;
  /** Least number of samples, however long they take. */
  readonly samples: number;
  /** Milliseconds before the first sample. */
  readonly warmup: number;
  /** A sample has as many calls as fill this many milliseconds, so that the wait at its end counts for little. */
  readonly sample: number;
}

export const defaultBudget: TimeBudget = { time: 600, samples: 7, warmup: 150, sample: 30 };

const [FEWEST_CALLS, MOST_CALLS] = [2, 300];

/** Milliseconds per call. */
export interface Timing {
  readonly medianMs: number;
  /** Median absolute deviation of the samples from their median. */
  readonly spreadMs: number;
  readonly samples: number;
  /** Calls issued back to back in each sample before one wait for the device. */
  readonly callsPerSample: number;
  readonly clock: ClockName;
}

/**
 * The median time of a call, which encodes commands and releases every tensor it makes, at the latest `rounds` calls
 * later. Call it once beforehand, so that its pipelines are compiled. Calls without a dispatch leave no timestamps and
 * are timed by the queue. Throws a RunError if the pool grows meanwhile, which means that the calls leak buffers.
 */
export async function timeCalls(
  device: Device,
  call: () => void,
  budget: TimeBudget,
  clockName: ClockName = "queue",
  rounds = 1,
): Promise<Timing> {
  const single = (await elapsed(device, call, rounds)) / rounds;
  let clock = clockOf(device, clockName);
  if ((await clock.measure(call, 1)) === 0) clock = clockOf(device, "queue");
  const callsPerSample = Math.min(MOST_CALLS, Math.max(FEWEST_CALLS, Math.ceil(budget.sample / single)));
  const { allocatedBytes } = device.pool.statistics;
  const result = await measureSamples(clock, call, callsPerSample, budget);
  const grown = device.pool.statistics.allocatedBytes - allocatedBytes;
  if (grown > 0) throw new RunError(`the buffer pool grew by ${grown} bytes while the same call was repeated`);
  return { ...result, callsPerSample, clock: clock.name };
}

async function measureSamples(
  clock: Clock,
  call: () => void,
  calls: number,
  budget: TimeBudget,
): Promise<Pick<Timing, "medianMs" | "spreadMs" | "samples">> {
  const bench = new Bench({
    time: budget.time,
    iterations: budget.samples,
    warmupTime: budget.warmup,
    warmupIterations: 1,
    throws: true,
  });
  const sample = async (): Promise<object> => {
    const start = performance.now();
    const ms = await clock.measure(call, calls);
    return { overriddenDuration: ms / calls, overriddenIterationCost: performance.now() - start };
  };
  const [task] = await bench.add("calls", sample, { async: true }).run();
  const { result } = task!;
  if (result.state !== "completed") throw new RunError(`the measurement ended as '${result.state}'`);
  const { p50, mad, samplesCount } = result.latency;
  return { medianMs: p50, spreadMs: mad, samples: samplesCount };
}
