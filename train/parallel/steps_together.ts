import { Tape } from "../../engine/tape.ts";
import { optimise } from "../descend.ts";
import type { BatchOrigin } from "../log/run_metrics.ts";
import type { StepContext, Steps } from "../steps.ts";
import type { LoopBatch, Trainee } from "../trainee.ts";
import { GradientExchange } from "./gradient_exchange.ts";
import type { Watched } from "./watched.ts";

/** Numbers of a step that the optimiser gives, equal on all ranks. */
const OF_THE_OPTIMISER: readonly string[] = ["gradNorm", "lossScale", "skippedSteps"];

/** Indices, among a step's counts, of what comes after the utterances of each batch that are too short for their texts. */
const COUNTS = ["amount", "stopping"] as const;

/**
 * The steps of ranks that train together. Each computes its share of the batches; then they add up their gradients and losses at once, and
 * every rank makes the same update of the same weights.
 */
export function stepsTogether<Batch extends LoopBatch, Score extends { readonly step: number }>(
  { device, trainee, clock, metrics, phase, signal }: StepContext<Batch, Trainee<Batch, Score>>,
  ranks: Watched,
): Steps {
  const { config, parameters, batches, lossScale, activation } = trainee;
  const { accumulate } = config.batch;
  const names = trainee.metricNames.filter((name) => !OF_THE_OPTIMISER.includes(name));
  const exchange = new GradientExchange(device, parameters, ranks, {
    scalars: accumulate * names.length,
    counts: accumulate + COUNTS.length,
    wire: config.parallel.gradients,
    averaged: parameters.buffers.map(({ tensor }) => tensor).filter((tensor) => tensor !== lossScale),
  });
  let stopping = false;

  /** Encodes this rank's share of a batch. */
  const encode = (batch: Batch, step: number, part: number): void => {
    const { weight, rows } = batch.share ?? { weight: 1 };
    if (weight === 0) return;
    const tape = new Tape(device, { seed: config.seed, step: step * accumulate + part, activation, rows });
    try {
      const values = trainee.encode(tape, batch, step, undefined, phase);
      for (const [i, name] of names.entries()) {
        const value = values[name];
        if (value) exchange.put(part * names.length + i, value, weight);
      }
    } finally {
      tape.end();
    }
  };

  return {
    get stopping() {
      return stopping;
    },
    async next(step, learningRate) {
      ranks.at = `step ${step + 1}`;
      const origins: Omit<BatchOrigin, "infeasible">[] = [];
      const infeasible: number[] = [];
      let amount = 0;
      for (let part = 0; part < accumulate; part++) {
        const batch = await phase("batch", () => clock.waiting(batches.next()));
        encode(batch, step, part);
        const own = batch.share?.weight !== 0;
        origins.push({ step, part, epoch: batch.epoch, indices: batch.indices });
        infeasible.push(own ? trainee.infeasible(batch) : 0);
        amount += own ? trainee.amount(batch) : 0;
        device.recorder.flush();
      }

      const found = await phase("wait", () => exchange.exchange([...infeasible, amount, Number(signal.aborted)]));
      const [allFrames = 0, stop] = found.counts.subarray(accumulate);
      stopping = stop !== 0;
      [found.waited, found.took].forEach((time, i) => (clock.inExchange[i]! += time));

      const tape = new Tape(device, { seed: config.seed, step: step * accumulate + accumulate - 1, activation });
      try {
        const update = { learningRate, step: step + 1 };
        const descended = optimise(tape, { parameters, lossScale }, config.optimizer, update, phase);
        for (const [part, origin] of origins.entries()) {
          const values = names.map((name, i) => {
            const index = part * names.length + i;
            return [name, found.weights[index] === 0 ? undefined : exchange.result(index)] as const;
          });
          metrics.push(
            { ...Object.fromEntries(values), ...(part === accumulate - 1 && descended) },
            { ...origin, infeasible: found.counts[part] as number },
          );
        }
      } finally {
        tape.end();
      }
      await phase("wait", () => clock.submitted(allFrames));
      return (origins.at(-1) as BatchOrigin).epoch;
    },
    release: () => exchange.release(),
  };
}
