import { hash } from "../engine/random.ts";
import type { PathTerms } from "../model/joint_loss.ts";
import type { DepthSchedule } from "../model/unfold.ts";
import { scheduleOf } from "./build_model.ts";
import type { TrainConfig } from "./config.ts";
import { dropLayers } from "./layer_drop.ts";
import { middleDepths, trainedDepths, type TrainedDepth } from "./trained_depths.ts";

export {
  countParameters,
  parametersOf,
  untiedParameters,
  type ModelSize,
  type ParameterCounts,
} from "./parameter_counts.ts";

export interface DepthPath {
  readonly depth: number;
  readonly schedule: DepthSchedule;
}

/** A path and what it adds to the loss; where it does not say, what its place adds: deep path, seed path, middle depths. */
export interface TrainingPath extends DepthPath, Partial<PathTerms> {}

/**
 * The paths that a step trains: the trained depths, deepest first and without the layers that LayerDrop takes from the deepest,
 * then the middle depths drawn for this step, which are trained as the shallowest is.
 */
export function trainingPaths(config: TrainConfig, step: number): TrainingPath[] {
  const { seed, loss } = config;
  const trained = trainedDepths(config);
  const { ctcWeight } = trained.at(-1) as TrainedDepth;
  const drawn = middleDepths(config)
    .map((depth) => ({ depth, key: hash(seed, step, depth) }))
    .sort((a, b) => a.key - b.key)
    .slice(0, loss.middleDepths)
    .map(({ depth }) => ({ depth, ctcWeight, distilled: true }));
  return [...trained, ...drawn].map((terms, i) => {
    const schedule = scheduleOf(config, terms.depth);
    return { ...terms, schedule: i === 0 ? dropLayers(schedule, loss.layerDrop, seed, step) : schedule };
  });
}

/** The paths that are evaluated. */
export const evaluatedPaths = (config: TrainConfig): DepthPath[] =>
  config.unfold.depths.map((depth) => ({ depth, schedule: scheduleOf(config, depth) }));
