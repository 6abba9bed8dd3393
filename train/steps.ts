import type { Device } from "../engine/device.ts";
import { Tape } from "../engine/tape.ts";
import type { RunMetrics } from "./log/run_metrics.ts";
import type { Phase } from "./profile/phases.ts";
import type { StepClock } from "./step_clock.ts";
import type { LoopBatch, Stepping } from "./trainee.ts";

/** What a run's steps work with. */
export interface StepContext<Batch extends LoopBatch, Model extends Stepping<Batch> = Stepping<Batch>> {
  readonly device: Device;
  readonly trainee: Model;
  readonly clock: StepClock;
  readonly metrics: RunMetrics;
  readonly phase: Phase;
  readonly signal: AbortSignal;
}

/** Takes a run's optimiser steps, each with gradients accumulated over `batch.accumulate` batches. */
export interface Steps {
  /** Whether the run is to stop after the step at hand. */
  readonly stopping: boolean;
  /**
   * One step.
   *
   * @param step completed before it
   * @returns the epoch of its last batch
   */
  next(step: number, learningRate: number): Promise<number>;
  release(): void;
}

/** The steps of a process that trains alone. */
export const stepsAlone = <Batch extends LoopBatch>({
  device,
  trainee,
  clock,
  metrics,
  phase,
  signal,
}: StepContext<Batch>): Steps => ({
  get stopping() {
    return signal.aborted;
  },
  async next(step, learningRate) {
    const { config, batches } = trainee;
    const { accumulate } = config.batch;
    let epoch = 0;
    for (let part = 0; part < accumulate; part++) {
      const batch = await phase("batch", () => clock.waiting(batches.next()));
      epoch = batch.epoch;
      const update = part === accumulate - 1 ? { learningRate, step: step + 1 } : undefined;
      const tape = new Tape(device, {
        seed: config.seed,
        step: step * accumulate + part,
        activation: trainee.activation,
      });
      try {
        const values = trainee.encode(tape, batch, step, update, phase);
        const { indices } = batch;
        metrics.push(values, { step, part, epoch, indices, infeasible: trainee.infeasible(batch) });
      } finally {
        tape.end();
      }
      await phase("wait", () => clock.submitted(trainee.amount(batch)));
    }
    return epoch;
  },
  release: () => undefined,
});
