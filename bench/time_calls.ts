import { Bench } from "tinybench";
import type { Device } from "../engine/device.ts";
import { RunError } from "../engine/errors.ts";

/** How long to measure. */
export interface TimeBudget {
  /** Milliseconds for all samples of one number. */
  readonly time: number;
  /** At least so many samples, however long they take. */
  readonly samples: number;
  /** Milliseconds before the first sample. */
  readonly warmup: number;
  /** As many calls make a sample as fill this many milliseconds, so that the wait at its end counts for little. */
  readonly sample: number;
}

export const defaultBudget: TimeBudget = { time: 600, samples: 7, warmup: 150, sample: 30 };

const [FEWEST_CALLS, MOST_CALLS] = [2, 300];

/** Milliseconds a call. */
export interface Timing {
  readonly medianMs: number;
  /** Median absolute deviation of the samples from their median. */
  readonly spreadMs: number;
  readonly samples: number;
  /** Calls issued back to back for each sample, before one wait for the device. */
  readonly callsPerSample: number;
}

/** Issues calls back to back and waits once until the device has run all of them: milliseconds for all. */
export async function elapsed(device: Device, call: () => void, calls = 1): Promise<number> {
  const start = performance.now();
  for (let i = 0; i < calls; i++) call();
  await device.finish();
  return performance.now() - start;
}

/**
 * The median time of a call, which encodes commands and gives back every tensor it makes. Call it once before, so that
 * its pipelines are compiled. Throws a RunError if the pool grows meanwhile: the calls then keep their buffers.
 */
export async function timeCalls(device: Device, call: () => void, budget: TimeBudget): Promise<Timing> {
  const single = await elapsed(device, call);
  const callsPerSample = Math.min(MOST_CALLS, Math.max(FEWEST_CALLS, Math.ceil(budget.sample / single)));
  const { allocatedBytes } = device.pool.statistics;
  const bench = new Bench({ time: budget.time, iterations: budget.samples, warmupTime: budget.warmup, warmupIterations: 1, throws: true });
  const sample = async (): Promise<object> => {
    const ms = await elapsed(device, call, callsPerSample);
    return { overriddenDuration: ms / callsPerSample, overriddenIterationCost: ms };
  };
  const [task] = await bench.add("calls", sample, { async: true }).run();
  const grown = device.pool.statistics.allocatedBytes - allocatedBytes;
  if (grown > 0) throw new RunError(`the buffer pool grew by ${grown} bytes while the same call was repeated`);
  const { result } = task!;
  if (result.state !== "completed") throw new RunError(`the measurement ended as '${result.state}'`);
  const { p50, mad, samplesCount } = result.latency;
  return { medianMs: p50, spreadMs: mad, samples: samplesCount, callsPerSample };
}
