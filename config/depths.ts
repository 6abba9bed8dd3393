import { UserError } from "../engine/errors.ts";
import { hash } from "../engine/random.ts";
import type { PathTerms } from "../model/joint_loss.ts";
import { depthSchedule, dropLayers, type DepthSchedule } from "../model/unfold.ts";
import type { TrainConfig } from "./plain.ts";

export interface DepthPath {
  readonly depth: number;
  readonly schedule: DepthSchedule;
}

/** A path and what it adds to the loss; where it does not say, what its place adds: deep path, seed path, middle depths. */
export interface TrainingPath extends DepthPath, Partial<PathTerms> {}

/** The schedule of a logical depth of this config. Throws UserError for a depth without norms, where each has its own. */
export function scheduleOf(config: TrainConfig, depth: number): DepthSchedule {
  const own = depthsWithNorms(config);
  if (own && !own.includes(depth))
    throw new UserError(`depth ${depth} has no norms: model.norms is per_depth, for the depths ${own.join(", ")}`);
  return depthSchedule(config.unfold.order, config.model.blocks, depth, config.unfold.shallow);
}

/** The paths that are evaluated. */
export const evaluatedPaths = (config: TrainConfig): DepthPath[] =>
  config.unfold.depths.map((depth) => ({ depth, schedule: scheduleOf(config, depth) }));

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

/** A depth that every step trains. */
export interface TrainedDepth {
  readonly depth: number;
  /** Of its CTC loss. */
  readonly ctcWeight: number;
  /** Whether the deepest one teaches it, or it the deepest. */
  readonly distilled: boolean;
}

/**
 * The depths of a map of CTC weights that are trained, deepest first. One of weight 0 is left out, unless it is the deepest or
 * the shallowest and their divergence is wanted: it then teaches or learns without CTC.
 */
export function depthsOfWeights(weights: Readonly<Record<string, number>>, klWeight: number): number[] {
  const depths = Object.keys(weights)
    .map(Number)
    .sort((a, b) => b - a);
  return depths.filter(
    (depth, i) => (weights[depth] as number) > 0 || (klWeight > 0 && (i === 0 || i === depths.length - 1)),
  );
}

/**
 * The depths that every step trains, deepest first: those of `loss.depth_weights`, or the largest of `unfold.depths` with CTC
 * weight 1 and the seed with `loss.seed_weight`. The shallowest is distilled.
 */
export function trainedDepths({ model, unfold, loss }: TrainConfig): TrainedDepth[] {
  const deepest = unfold.depths.at(-1) as number;
  const weights = loss.depthWeights ?? { [model.blocks]: loss.seedWeight, [deepest]: 1 };
  const depths = loss.depthWeights
    ? depthsOfWeights(loss.depthWeights, loss.klWeight)
    : [...new Set([deepest, model.blocks])];
  return depths.map((depth, i) => ({
    depth,
    ctcWeight: weights[depth] as number,
    distilled: i > 0 && i === depths.length - 1,
  }));
}

/**
 * The evaluated depth whose error rate on dev decides which checkpoint is the best: the deepest one, but none that is deeper than
 * what is trained, as long as there is another.
 */
export function judgedDepth(config: TrainConfig): number {
  const [deepest] = trainedDepths(config) as [TrainedDepth, ...TrainedDepth[]];
  const { depths } = config.unfold;
  return depths.findLast((depth) => depth <= deepest.depth) ?? (depths[0] as number);
}

/** The depths that `loss.middle_depths` draws from: those between the deepest and the shallowest that are not trained anyway. */
export function middleDepths(config: TrainConfig): number[] {
  const trained = trainedDepths(config).map(({ depth }) => depth);
  return depthsBetween(trained, hasOwnNorms(config.model) ? config.unfold.depths : null);
}

/** Depths between some, deepest first, without them; of a list where there is one. */
export function depthsBetween(trained: readonly number[], among: readonly number[] | null): number[] {
  const [deepest, shallowest] = [trained[0] as number, trained.at(-1) as number];
  const between = Array.from({ length: Math.max(0, deepest - shallowest - 1) }, (_, i) => shallowest + 1 + i);
  return between.filter((depth) => !trained.includes(depth) && (among?.includes(depth) ?? true));
}

/** Whether each depth of a model has norms of its own. */
export const hasOwnNorms = (model: { readonly kind: string; readonly norms?: "shared" | "per_depth" }): boolean =>
  model.norms === "per_depth";

/** The depths that have norms of their own, in ascending order; undefined where all share them. */
export function depthsWithNorms(config: TrainConfig): number[] | undefined {
  if (!hasOwnNorms(config.model)) return undefined;
  return [...new Set([...config.unfold.depths, ...trainedDepths(config).map(({ depth }) => depth)])].sort(
    (a, b) => a - b,
  );
}
