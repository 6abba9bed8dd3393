import { uniform } from "../engine/random.ts";
import type { DepthSchedule } from "./unfold.ts";

/** The layers of a path that a training step keeps. */
export interface KeptLayers {
  readonly schedule: DepthSchedule;
  /** The factor of each kept layer's residual branches. */
  readonly residualScales: readonly number[];
}

/** Random site of stochastic depth, to keep its draws apart from others with the same seed and step. */
const STOCHASTIC_DEPTH_SITE = 0x73746f63;

/**
 * Stochastic depth (Huang et al., 2016, section 3) as in ESPnet's Conformer (`stochastic_depth_rate`): layer l of L, from 0, is skipped
 * with probability p = rate · (l + 1) / L; if it is kept, its residual branches are multiplied by 1 / (1 - p), so that their expectation
 * is that of the whole path. All layers may be skipped. Kept layers are renumbered, so they use the dropout masks of their new
 * positions; masks change at every step anyway.
 *
 * Paths of different lengths draw independently.
 *
 * @param rate     of the last layer, in [0, 1)
 * @param skipping false keeps all layers with their factors: the most that a step may compute
 */
export function stochasticDepth(
  schedule: DepthSchedule,
  rate: number,
  seed: number,
  step: number,
  skipping = true,
): KeptLayers {
  const depth = schedule.length;
  const layers = schedule.map((block, layer) => ({ block, layer, skipped: (rate * (layer + 1)) / depth }));
  const kept = layers.filter(
    ({ layer, skipped }) => !skipping || uniform(seed, step, STOCHASTIC_DEPTH_SITE, depth, layer) >= skipped,
  );
  return {
    schedule: kept.map(({ block }) => block),
    residualScales: kept.map(({ skipped }) => 1 / (1 - skipped)),
  };
}

/** A physical block with the factor of its residual branches. */
export interface ScaledBlock {
  readonly block: number;
  readonly residualScale: number;
}

/**
 * Schedules whose entries are indices into a list of different scaled blocks: two paths share a layer only if its factor is the same
 * as well.
 *
 * @param scales of each schedule's layers; 1 where left out
 */
export function scaledSchedules(
  schedules: readonly DepthSchedule[],
  scales: readonly (readonly number[] | undefined)[] = [],
): { schedules: DepthSchedule[]; blocks: ScaledBlock[] } {
  const blocks: ScaledBlock[] = [];
  const places = new Map<string, number>();
  const place = (block: number, residualScale: number): number => {
    const key = `${block} ${residualScale}`;
    if (!places.has(key)) places.set(key, blocks.push({ block, residualScale }) - 1);
    return places.get(key) as number;
  };
  return {
    schedules: schedules.map((schedule, path) =>
      schedule.map((block, layer) => place(block, scales[path]?.[layer] ?? 1)),
    ),
    blocks,
  };
}
