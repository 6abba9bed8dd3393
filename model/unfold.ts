import { UserError } from "../engine/errors.ts";
import { uniform } from "../engine/random.ts";

/** The whole definition of a path: which physical block each logical layer applies. */
export type DepthSchedule = readonly number[];

export type UnfoldOrder = "repeat" | "cycle" | DepthSchedule;

/** Which blocks a depth below their number runs. */
export type ShallowBlocks = "first" | "even";

/**
 * The depth schedule of `blocks` physical blocks unfolded to `depth` logical layers.
 *
 * - "repeat" applies each block several times before the next, `0,0,1,1`; the remainder of depth / blocks goes to the last
 *   blocks (in-place repetition, as in the paper);
 * - "cycle" runs the stack again and again, `0,1,0,1`, so that the seed path is a prefix of every deeper one;
 * - an explicit list is cut to the depth, and must be as long.
 *
 * A depth below `blocks` runs the first blocks only, or with `shallow` "even" every so many of them with the last: layer n is
 * block ⌊(n + 1) · blocks / depth⌋ - 1, at half the depth every other (LayerDrop: Fan et al., 2020, section 3.3). An explicit
 * list is its own answer to that.
 *
 * @throws UserError for a depth that is no positive whole number, or more than an explicit list has
 */
export function depthSchedule(
  order: UnfoldOrder,
  blocks: number,
  depth: number,
  shallow: ShallowBlocks = "first",
): DepthSchedule {
  if (!Number.isInteger(depth) || depth < 1)
    throw new UserError(`a logical depth is a whole number of at least 1, got ${depth}`);
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
  const times = Math.floor(depth / blocks);
  const rest = depth % blocks;
  return Array.from({ length: blocks }, (_, block) =>
    new Array<number>(times + (block >= blocks - rest ? 1 : 0)).fill(block),
  ).flat();
}

/**
 * Runs several schedules from the same input and returns each one's last state. Schedules with a common prefix share its
 * computation: with cycle order the deep path yields all shallower ones on its way.
 *
 * @param apply applies a physical block at a logical layer
 */
export function unfold<State>(
  x: State,
  schedules: readonly DepthSchedule[],
  apply: (x: State, block: number, layer: number) => State,
): State[] {
  const ends = new Array<State>(schedules.length);
  const descend = (state: State, layer: number, members: readonly number[]): void => {
    const onward = new Map<number, number[]>();
    for (const member of members) {
      const block = schedules[member]?.[layer];
      if (block === undefined) ends[member] = state;
      else onward.set(block, [...(onward.get(block) ?? []), member]);
    }
    for (const [block, followers] of onward) descend(apply(state, block, layer), layer + 1, followers);
  };
  descend(
    x,
    0,
    schedules.map((_, member) => member),
  );
  return ends;
}

/** Tells the draws of LayerDrop from others of the same seed and step. */
const LAYER_DROP_SITE = 0x64726f70;

/**
 * LayerDrop (Fan et al., 2020): the schedule without the layers that this step leaves out, each with probability `rate`. Should
 * all be, the one that was closest to staying stays. The layers that are left count anew, so their dropout is that of their new
 * places; it is another one at every step anyway.
 *
 * @param rate in [0, 1); at 0 the schedule stays as it is
 */
export function dropLayers(schedule: DepthSchedule, rate: number, seed: number, step: number): DepthSchedule {
  const draws = schedule.map((_, layer) => uniform(seed, step, LAYER_DROP_SITE, layer));
  const least = Math.min(rate, Math.max(...draws));
  return schedule.filter((_, layer) => (draws[layer] as number) >= least);
}

/** How many block applications these schedules take, where prefixes are shared: where depths have norms of their own, they are not. */
export function countApplications(schedules: readonly DepthSchedule[], prefixesShared = true): number {
  if (!prefixesShared) return schedules.reduce((sum, { length }) => sum + length, 0);
  let applications = 0;
  unfold(null, schedules, () => {
    applications++;
    return null;
  });
  return applications;
}
