import { countInfeasible } from "../data/batches/batch.ts";
import type { TrainingBatch, TrainingBatches } from "../data/batches/training_batches.ts";
import type { BuiltModel } from "../checkpoint/build_model.ts";
import type { TrainConfig } from "../config/config.ts";
import type { FloatType } from "../engine/tensor.ts";
import type { Stepping } from "./trainee.ts";
import { trainingPaths } from "./training_paths.ts";
import { trainingStep, uploadBatch } from "./training_step.ts";

/** A recogniser whose steps are to be taken. The config may be replaced between two of them. */
export interface Stepped {
  config: TrainConfig;
  readonly built: BuiltModel;
  /** Type of the tape's activations. */
  readonly activation: FloatType;
  readonly batches: TrainingBatches;
}

/** How a recogniser takes its steps, in a run with a folder as in a web page. */
export const recogniserSteps = (stepped: Stepped): Stepping<TrainingBatch> => ({
  get config() {
    return stepped.config;
  },
  activation: stepped.activation,
  batches: stepped.batches,
  encode(tape, { batch, share }, step, update, phase) {
    const { config, built } = stepped;
    const paths = trainingPaths(config, step);
    return trainingStep(tape, built, uploadBatch(tape, batch, built.model), paths, config, update, phase, share);
  },
  amount: ({ batch }) => batch.lengths.reduce((sum, n) => sum + n, 0),
  infeasible: ({ batch }) => countInfeasible(batch, stepped.built.model),
});
