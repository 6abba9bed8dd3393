import { depthSchedule, type DepthSchedule } from "../../model/unfold.ts";
import { DEEPEST, type Order, type OwnPaths } from "../protocol.ts";

/**
 * The path of a seed of `blocks` blocks to a depth. An order given as a list of blocks unfolds in place, like "repeat": each block runs
 * ⌊depth / blocks⌋ times, and the first depth mod blocks of the list once more. By choosing the list, every legal path of the paper's rule
 * (`unfoldingPaths`) can be had.
 */
export function pathOf(order: Order, blocks: number, depth: number): DepthSchedule {
  if (isOwn(order)) return order.own[depth - 1] ?? [];
  if (typeof order === "string" || depth < blocks)
    return depthSchedule(typeof order === "string" ? order : "repeat", blocks, depth);
  const times = Math.floor(depth / blocks);
  const more = new Set(order.slice(0, depth % blocks));
  return Array.from({ length: blocks }, (_, block) =>
    new Array<number>(times + (more.has(block) ? 1 : 0)).fill(block),
  ).flat();
}

/** The paths to every depth from 1 on. */
export const allPaths = (order: Order, blocks: number, deepest = DEEPEST): DepthSchedule[] =>
  Array.from({ length: deepest }, (_, i) => pathOf(order, blocks, i + 1));

/** Whether an order is a checkpoint's own list of paths. */
export const isOwn = (order: Order): order is OwnPaths => typeof order === "object" && "own" in order;
