import { UserError } from "../engine/errors.ts";
import { depthSchedule, type DepthSchedule } from "../model/unfold.ts";
import type { TrainConfig } from "./plain.ts";

export interface DepthPath {
  readonly depth: number;
  readonly schedule: DepthSchedule;
}

/** The depth schedule for a logical depth. With norms per depth, throws UserError for a depth that has none. */
export function scheduleOf(config: TrainConfig, depth: number): DepthSchedule {
  const own = depthsWithNorms(config);
  if (own && !own.includes(depth))
    throw new UserError(`depth ${depth} has no norms: model.norms is per_depth, for the depths ${own.join(", ")}`);
  const { order, shallow, repeatable } = config.unfold;
  return depthSchedule(order, config.model.blocks, depth, shallow, repeatable);
}

/**
 * The blocks of the decoder that run after an encoder's path of this depth, in order; undefined: each once. They follow the encoder's
 * order, which is then no list of its blocks.
 */
export function decoderSchedule({ model, unfold }: TrainConfig, depth: number): DepthSchedule | undefined {
  if (model.kind !== "conformer" || model.decoder === null || unfold.decoder === null) return undefined;
  if (typeof unfold.decoder === "object") return unfold.decoder;
  const { blocks } = model.decoder;
  const layers = unfold.decoder === "proportional" ? Math.round((blocks * depth) / model.blocks) : unfold.decoder;
  return depthSchedule(unfold.order, blocks, Math.max(blocks, layers));
}

/** How many layers the decoder has after an encoder's path of this depth beyond its blocks. */
export function repeatedDecoderLayers(config: TrainConfig, depth: number): number {
  const schedule = decoderSchedule(config, depth) ?? [];
  return schedule.length - new Set(schedule).size;
}

/** The paths to evaluate. */
export const evaluatedPaths = (config: TrainConfig): DepthPath[] =>
  config.unfold.depths.map((depth) => ({ depth, schedule: scheduleOf(config, depth) }));

/** A depth that every step trains. */
export interface TrainedDepth {
  readonly depth: number;
  /** Weight of its CTC loss. */
  readonly weight: number;
  /** Whether the KL term pairs it with the deepest path, as student or teacher. */
  readonly distilled: boolean;
}

/**
 * The trained depths in a map from depth to CTC weight, deepest first. A depth with weight 0 is left out, unless it is the deepest
 * or the shallowest and the KL term is on: it then teaches or learns without CTC.
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
 * The depths that every step trains, deepest first: those in `loss.depth_weights`, or else the largest of `unfold.depths` with CTC
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
    weight: weights[depth] as number,
    distilled: i > 0 && i === depths.length - 1,
  }));
}

/**
 * The evaluated depth whose dev error rate selects the best checkpoint: the deepest one that is not deeper than the deepest trained
 * depth, or the shallowest if all are deeper.
 */
export function judgedDepth(config: TrainConfig): number {
  const [deepest] = trainedDepths(config) as [TrainedDepth, ...TrainedDepth[]];
  const { depths } = config.unfold;
  return depths.findLast((depth) => depth <= deepest.depth) ?? (depths[0] as number);
}

/**
 * The untrained depths between the deepest and the shallowest trained one, in ascending order.
 *
 * @param trained deepest first
 * @param among   the depths to choose from; null: all
 */
export function depthsBetween(trained: readonly number[], among: readonly number[] | null): number[] {
  const [deepest, shallowest] = [trained[0] as number, trained.at(-1) as number];
  const between = Array.from({ length: Math.max(0, deepest - shallowest - 1) }, (_, i) => shallowest + 1 + i);
  return between.filter((depth) => !trained.includes(depth) && (among?.includes(depth) ?? true));
}

/** Whether each depth of a model has its own norms. */
export const hasOwnNorms = (model: { readonly kind: string; readonly norms?: "shared" | "per_depth" }): boolean =>
  model.norms === "per_depth";

/** The depths that have their own norms, in ascending order; undefined if all depths share them. */
export function depthsWithNorms(config: TrainConfig): number[] | undefined {
  if (!hasOwnNorms(config.model)) return undefined;
  return [...new Set([...config.unfold.depths, ...trainedDepths(config).map(({ depth }) => depth)])].sort(
    (a, b) => a - b,
  );
}
