import { hash } from "../engine/random.ts";
import type { PathTerms } from "../model/joint_loss.ts";
import { scaledSchedules, stochasticDepth } from "../model/stochastic_depth.ts";
import { countApplications, dropLayers } from "../model/unfold.ts";
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
export interface TrainingPath extends DepthPath, Partial<PathTerms> {
  /** With stochastic depth: the factor of each layer's residual branches. */
  readonly residualScales?: readonly number[];
}

/**
 * The paths that a step trains: the trained depths, deepest first, then the middle depths drawn for this step, which are trained
 * like the shallowest. LayerDrop applies to the deepest path only, stochastic depth to the layers that are left of every path.
 *
 * @param dropping false keeps all layers: the most that a step may compute
 */
export function trainingPaths(config: TrainConfig, step: number, dropping = true): TrainingPath[] {
  const { seed, loss, model } = config;
  const stochasticRate = model.kind === "conformer" ? model.stochasticDepthRate : 0;
  const trained = trainedDepths(config);
  const { weight } = trained.at(-1) as TrainedDepth;
  const drawn = middleDepths(config)
    .map((depth) => ({ depth, key: hash(seed, step, depth) }))
    .sort((a, b) => a.key - b.key)
    .slice(0, loss.middleDepths)
    .map(({ depth }) => ({ depth, weight, distilled: true }));
  return [...trained, ...drawn].map((terms, i) => {
    const whole = scheduleOf(config, terms.depth);
    const schedule = i === 0 && dropping ? dropLayers(whole, loss.layerDrop, seed, step) : whole;
    return {
      ...terms,
      ...(stochasticRate > 0 ? stochasticDepth(schedule, stochasticRate, seed, step, dropping) : { schedule }),
    };
  });
}

/**
 * Number of block applications of a step along these paths. A prefix that paths share counts once: that is, the same blocks with the
 * same residual scales, and no norms of their own.
 */
export function applicationsOf(
  paths: readonly Pick<TrainingPath, "schedule" | "residualScales">[],
  { model }: Pick<TrainConfig, "model">,
): number {
  const schedules = paths.map(({ schedule }) => schedule);
  const scales = paths.map(({ residualScales }) => residualScales);
  return countApplications(scaledSchedules(schedules, scales).schedules, !hasOwnNorms(model));
}

/** The depths that `loss.middle_depths` draws from: those between the deepest and the shallowest that are not already trained. */
export function middleDepths(config: TrainConfig): number[] {
  const trained = trainedDepths(config).map(({ depth }) => depth);
  return depthsBetween(trained, hasOwnNorms(config.model) ? config.unfold.depths : null);
}
