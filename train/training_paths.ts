import { hash } from "../engine/random.ts";
import type { PathTerms } from "../model/joint_loss.ts";
import { dropLayers } from "../model/unfold.ts";
import type { TrainConfig } from "../config/config.ts";
import {
  depthsBetween,
  hasOwnNorms,
  scheduleOf,
  trainedDepths,
  type DepthPath,
  type TrainedDepth,
} from "../config/depths.ts";

/** A path and its loss terms. Terms left out follow from its position: deep path, seed path, then middle depths. */
export interface TrainingPath extends DepthPath, Partial<PathTerms> {}

/**
 * The paths that a step trains: the trained depths, deepest first, then the middle depths drawn for this step, which are trained
 * like the shallowest. LayerDrop applies to the deepest path only.
 */
export function trainingPaths(config: TrainConfig, step: number): TrainingPath[] {
  const { seed, loss } = config;
  const trained = trainedDepths(config);
  const { weight } = trained.at(-1) as TrainedDepth;
  const drawn = middleDepths(config)
    .map((depth) => ({ depth, key: hash(seed, step, depth) }))
    .sort((a, b) => a.key - b.key)
    .slice(0, loss.middleDepths)
    .map(({ depth }) => ({ depth, weight, distilled: true }));
  return [...trained, ...drawn].map((terms, i) => {
    const schedule = scheduleOf(config, terms.depth);
    return { ...terms, schedule: i === 0 ? dropLayers(schedule, loss.layerDrop, seed, step) : schedule };
  });
}

/** The depths that `loss.middle_depths` draws from: those between the deepest and the shallowest that are not already trained. */
export function middleDepths(config: TrainConfig): number[] {
  const trained = trainedDepths(config).map(({ depth }) => depth);
  return depthsBetween(trained, hasOwnNorms(config.model) ? config.unfold.depths : null);
}
