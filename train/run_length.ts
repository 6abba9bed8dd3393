import type { TrainConfig } from "../config/config.ts";

/** In optimiser steps. */
export interface RunLength {
  readonly totalSteps: number;
  /** Steps between evaluations. */
  readonly evaluateEvery: number;
}

/** The length of a run of any model. */
export function lengthOf(
  {
    batch,
    steps,
    epochs,
    eval: evaluation,
  }: Pick<TrainConfig, "steps" | "epochs"> & {
    readonly batch: { readonly accumulate: number };
    readonly eval: Pick<TrainConfig["eval"], "everySteps" | "everyEpochs">;
  },
  batchesPerEpoch: number,
): RunLength {
  const stepsPerEpoch = Math.ceil(batchesPerEpoch / batch.accumulate);
  return {
    totalSteps: steps ?? stepsPerEpoch * (epochs as number),
    evaluateEvery: evaluation.everySteps ?? stepsPerEpoch * (evaluation.everyEpochs as number),
  };
}
