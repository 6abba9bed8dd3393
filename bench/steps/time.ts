import { Bench } from "tinybench";
import type { Device } from "../../engine/device.ts";
import { RunError } from "../../engine/errors.ts";
import { StepClock } from "../../train/step_clock.ts";

/** How long to measure. */
export interface StepBudget {
  /** Milliseconds for all samples of one number. */
  readonly time: number;
  /** Least number of samples, however long they take. */
  readonly samples: number;
  /** Steps per sample. */
  readonly steps: number;
}

export const defaultStepBudget: StepBudget = { time: 1500, samples: 5, steps: 4 };

/** Milliseconds per step, over samples of several steps each. */
export interface StepTiming {
  readonly medianMs: number;
  /** Median absolute deviation of the samples from their median. */
  readonly spreadMs: number;
  readonly samples: number;
  readonly stepsPerSample: number;
  /** The host's median time to encode a step. If it is close to medianMs, the host is the bottleneck. */
  readonly encodeMs: number;
}

/**
 * Times a step among many, as in training: a sample is several steps in a row, each submitted as it is encoded and at
 * most two ahead of the device, until the device has run the last one. `step` encodes one.
 */
export async function timeSteps(
  device: Device,
  step: () => void,
  { time, samples, steps }: StepBudget,
): Promise<StepTiming> {
  const encoding: number[] = [];
  const sample = async (): Promise<object> => {
    const clock = new StepClock(device, 0);
    const start = performance.now();
    for (let i = 0; i < steps; i++) {
      const begin = performance.now();
      step();
      encoding.push(performance.now() - begin);
      await clock.submitted(0);
    }
    await device.finish();
    const ms = performance.now() - start;
    return { overriddenDuration: ms / steps, overriddenIterationCost: ms };
  };
  const bench = new Bench({ time, iterations: samples, warmup: false, throws: true });
  const [task] = await bench.add("steps", sample, { async: true }).run();
  const { result } = task!;
  if (result.state !== "completed") throw new RunError(`the measurement ended as '${result.state}'`);
  const { p50, mad, samplesCount } = result.latency;
  const encodeMs = encoding.sort((a, b) => a - b)[encoding.length >> 1] as number;
  return { medianMs: p50, spreadMs: mad, samples: samplesCount, stepsPerSample: steps, encodeMs };
}
