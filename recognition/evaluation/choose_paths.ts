import { UserError } from "../../engine/errors.ts";
import { hash } from "../../engine/random.ts";
import { unfoldingPaths } from "../../model/unfolding_paths.ts";
import type { DepthSchedule } from "../../model/unfold.ts";
import type { TrainConfig } from "../../config/config.ts";
import { scheduleOf } from "../../config/depths.ts";

/** How many of a depth's legal paths to evaluate. */
export type PathChoice = "all" | number;

/** Paths of one depth. */
export interface ChosenPaths {
  readonly depth: number;
  /** The number of legal paths, of which these are some or all; rounded from 2^53 on. */
  readonly legal: number;
  /** In lexicographic order, so that neighbours have long common prefixes. */
  readonly schedules: readonly DepthSchedule[];
}

/** So many evaluations that nobody waits for them. */
const MOST = 10_000;

/** Site of the random numbers that draw paths. The seed is fixed: every checkpoint is evaluated along the same paths. */
const PATHS_SITE = 0x70617468;

/**
 * The legal paths of each depth (`unfoldingPaths`) to evaluate: all, or a number drawn without replacement, the usual path always
 * among them. A depth with fewer takes all it has; a depth below the number of blocks has one.
 *
 * @throws UserError if the config's order has but one path for each depth, if no depth has as many paths as asked for, or if they are
 *   too many to evaluate
 */
export function choosePaths(config: TrainConfig, depths: readonly number[], choice: PathChoice): ChosenPaths[] {
  const {
    model: { blocks },
    unfold: { order, repeatable },
  } = config;
  if (order !== "repeat")
    throw new UserError(
      `--paths: expected a checkpoint with unfold.order repeat, but this one's is ${typeof order === "string" ? order : "a list"}, which has one path for each depth`,
    );
  const legal = depths.map((depth) =>
    depth < blocks ? { count: 1n, at: () => scheduleOf(config, depth) } : unfoldingPaths(blocks, depth, repeatable),
  );
  const counts = legal.map(({ count }) => count);
  const most = counts.reduce((a, b) => (a > b ? a : b), 0n);
  const deepest = depths[counts.indexOf(most)];
  if (choice !== "all" && BigInt(choice) > most)
    throw new UserError(
      `--paths: expected 'all' or at most ${most}, the number of legal paths ${depths.length === 1 ? "of" : "of the depth that has most,"} depth ${deepest}, got ${choice}`,
    );
  if (choice === "all" ? most > MOST : choice > MOST)
    throw new UserError(
      `--paths: expected at most ${MOST} paths for each depth, but ${choice === "all" ? `depth ${deepest} has ${most}: draw a number of them` : `got ${choice}`}`,
    );
  return legal.map(({ count, at }, i) => ({
    depth: depths[i] as number,
    legal: Number(count),
    schedules: drawIndices(count, choice === "all" || BigInt(choice) > count ? Number(count) : choice)
      .map(at)
      .sort(byBlocks),
  }));
}

/**
 * 0, the usual path, and `size` - 1 of the other indices below `count`, each set of them equally likely. Floyd's algorithm (Bentley
 * and Floyd, "A sample of brilliance", 1987): for j = count - size + 1, …, count - 1 take a random t in 1..j, or j if t is taken.
 */
function drawIndices(count: bigint, size: number): bigint[] {
  const taken = new Set([0n]);
  for (let j = count - BigInt(size) + 1n; j < count; j++) {
    const t = 1n + (randomBits(j, taken.size) % j);
    taken.add(taken.has(t) ? j : t);
  }
  return [...taken];
}

/** Random bits, at least 64 more than `below` has: their remainder by `below` is uniform but for 2^-64. */
function randomBits(below: bigint, draw: number): bigint {
  const words = Math.ceil(below.toString(16).length / 8) + 2;
  return Array.from({ length: words }, (_, word) => BigInt(hash(PATHS_SITE, draw, word))).reduce(
    (bits, word) => (bits << 32n) | word,
    0n,
  );
}

/** Lexicographic order of schedules of one length. */
function byBlocks(a: DepthSchedule, b: DepthSchedule): number {
  const layer = a.findIndex((block, i) => block !== b[i]);
  return layer < 0 ? 0 : (a[layer] as number) - (b[layer] as number);
}
