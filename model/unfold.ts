import { UserError } from "../engine/errors.ts";
import { uniform } from "../engine/random.ts";
import { unfoldingPaths } from "./unfolding_paths.ts";

/** Defines a path: the physical block that each logical layer applies. */
export type DepthSchedule = readonly number[];

export type UnfoldOrder = "repeat" | "cycle" | DepthSchedule;

/** Which blocks to run at a depth below the number of blocks. */
export type ShallowBlocks = "first" | "even";

/**
 * The depth schedule of `blocks` physical blocks unfolded to `depth` logical layers.
 *
 * - "repeat" applies each block several times before the next, `0,0,1,1`; the remainder of depth / blocks goes to the last
 *   repeatable blocks (in-place repetition, as in the paper; the first of `unfoldingPaths`);
 * - "cycle" repeats the whole stack, `0,1,0,1`, so that the seed path is a prefix of every deeper one;
 * - an explicit list is truncated to the depth, and must be at least as long.
 *
 * A depth below `blocks` runs only the first blocks, or with `shallow` "even" evenly spaced blocks including the last: layer n is
 * block ⌊(n + 1) · blocks / depth⌋ - 1, so every other block at half the depth (LayerDrop: Fan et al., 2020, section 3.3). `shallow`
 * does not apply to an explicit list.
 *
 * @param repeatable the blocks that "repeat" may apply more than once; null: all. Other orders ignore it
 * @throws UserError for a depth that is not a positive whole number, longer than an explicit list, or out of reach of `repeatable`
 */
export function depthSchedule(
  order: UnfoldOrder,
  blocks: number,
  depth: number,
  shallow: ShallowBlocks = "first",
  repeatable: readonly number[] | null = null,
): DepthSchedule {
  if (!Number.isInteger(depth) || depth < 1)
    throw new UserError(`a logical depth must be a whole number from 1, got ${depth}`);
  if (typeof order !== "string") {
    const wrong = order.find((block) => !Number.isInteger(block) || block < 0 || block >= blocks);
    if (wrong !== undefined)
      throw new UserError(`the depth schedule names block ${wrong}, but there are ${blocks} (0 to ${blocks - 1})`);
    if (depth > order.length)
      throw new UserError(`the explicit depth schedule has ${order.length} layers, so depth ${depth} is not defined`);
    return order.slice(0, depth);
  }
  if (depth < blocks && shallow === "even")
    return Array.from({ length: depth }, (_, layer) => Math.floor(((layer + 1) * blocks) / depth) - 1);
  if (order === "cycle" || depth < blocks) return Array.from({ length: depth }, (_, layer) => layer % blocks);
  return unfoldingPaths(blocks, depth, repeatable).at(0n);
}

/**
 * Runs several schedules from the same input and returns each one's last state. Schedules with a common prefix share its
 * computation: with cycle order, running the deep path computes all shallower ones along the way.
 *
 * @param apply  applies a physical block at a logical layer
 * @param within calls its body, which computes all that follows from one application and returns the ends reached: what else was
 *               made in it is needed no more. Depth first, so only the states of one path and the ends are needed at once
 */
export function unfold<State>(
  x: State,
  schedules: readonly DepthSchedule[],
  apply: (x: State, block: number, layer: number) => State,
  within: (body: () => readonly State[]) => void = (body) => void body(),
): State[] {
  const ends = new Array<State>(schedules.length);
  const descend = (state: State, layer: number, members: readonly number[]): State[] => {
    const branches = new Map<number, number[]>();
    for (const member of members) {
      const block = schedules[member]?.[layer];
      if (block === undefined) ends[member] = state;
      else branches.set(block, [...(branches.get(block) ?? []), member]);
    }
    for (const [block, followers] of branches) within(() => descend(apply(state, block, layer), layer + 1, followers));
    return members.map((member) => ends[member] as State);
  };
  return descend(
    x,
    0,
    schedules.map((_, member) => member),
  );
}

/** Random site of LayerDrop, to keep its draws apart from others with the same seed and step. */
const LAYER_DROP_SITE = 0x64726f70;

/**
 * LayerDrop (Fan et al., 2020): drops each layer of the schedule with probability `rate`. If all would be dropped, the layer with the
 * largest draw stays. The remaining layers are renumbered, so they use the dropout masks of their new positions; masks change at
 * every step anyway.
 *
 * @param rate in [0, 1); 0 leaves the schedule unchanged
 */
export function dropLayers(schedule: DepthSchedule, rate: number, seed: number, step: number): DepthSchedule {
  const draws = schedule.map((_, layer) => uniform(seed, step, LAYER_DROP_SITE, layer));
  const least = Math.min(rate, Math.max(...draws));
  return schedule.filter((_, layer) => (draws[layer] as number) >= least);
}

/** Number of block applications that these schedules take. Prefixes are shared unless depths have their own norms. */
export function countApplications(schedules: readonly DepthSchedule[], prefixesShared = true): number {
  if (!prefixesShared) return schedules.reduce((sum, { length }) => sum + length, 0);
  let applications = 0;
  unfold(null, schedules, () => {
    applications++;
    return null;
  });
  return applications;
}
