import { uniform } from "../engine/random.ts";
import type { DepthSchedule } from "../model/unfold.ts";

/** Tells these draws from others of the same seed and step. */
const SITE = 0x64726f70;

/**
 * LayerDrop (Fan et al., 2020): the schedule without the layers that this step leaves out, each with probability `rate`. Should
 * all be, the one that was closest to staying stays. The layers that are left count anew, so their dropout is that of their new
 * places; it is another one at every step anyway.
 *
 * @param rate in [0, 1); at 0 the schedule stays as it is
 */
export function dropLayers(schedule: DepthSchedule, rate: number, seed: number, step: number): DepthSchedule {
  const draws = schedule.map((_, layer) => uniform(seed, step, SITE, layer));
  const least = Math.min(rate, Math.max(...draws));
  return schedule.filter((_, layer) => (draws[layer] as number) >= least);
}
