import { UserError } from "../engine/errors.ts";

/** The legal paths from a seed to a depth: counted, and computed one at a time, since there may be more than fit into memory. */
export interface UnfoldingPaths {
  readonly count: bigint;
  /** Path `index` of 0 to count - 1: the physical block of each logical layer. Path 0 is the usual one of repeat order. */
  readonly at: (index: bigint) => readonly number[];
}

/**
 * The legal paths of a seed of n = `blocks` physical blocks to a depth d >= n, by the rule of unfolding (Li et al., "Unfolding A Few
 * Structures for The Many", 2025, section 3.1): a block is applied k + 1 times only if all others are applied k or k + 1 times, and
 * repetition is in place, `0,0,1,1,2,2`. So every block is applied k = ⌊d / n⌋ times and a choice of d mod n blocks once more, which
 * makes C(n, d mod n) paths: 15 from 6 to 8.
 *
 * If only r < n blocks are repeatable, the others are applied once, which by the rule limits these to twice: depth n + e has C(r, e)
 * paths, and the deepest is n + r.
 *
 * Order: lexicographic in the blocks applied once more, counted from the last; path 0 repeats the last blocks.
 *
 * @param repeatable the blocks that may be applied more than once; null: all
 * @throws UserError if no legal path has the depth
 */
export function unfoldingPaths(
  blocks: number,
  depth: number,
  repeatable: readonly number[] | null = null,
): UnfoldingPaths {
  const candidates = (repeatable ?? Array.from({ length: blocks }, (_, block) => block)).toSorted((a, b) => b - a);
  const deepest = candidates.length < blocks ? blocks + candidates.length : Infinity;
  if (depth < blocks || depth > deepest)
    throw new UserError(
      `no unfolding of ${blocks} blocks has depth ${depth}: expected ${blocks} or more` +
        (deepest < Infinity
          ? `, and at most ${deepest}, as only ${candidates.length} of them may be repeated (unfold.repeatable)`
          : ""),
    );
  const times = Math.floor(depth / blocks);
  const more = depth % blocks;
  const count = binomial(candidates.length, more);
  return {
    count,
    at: (index) => {
      if (index < 0n || index >= count) throw new RangeError(`path ${index} of ${count}`);
      const chosen = combination(candidates, more, index);
      return Array.from({ length: blocks }, (_, block) =>
        new Array<number>(times + (chosen.has(block) ? 1 : 0)).fill(block),
      ).flat();
    },
  };
}

/** C(n, k), exactly: in float64 C(58, 29) would already be rounded. */
function binomial(n: number, k: number): bigint {
  if (k > n) return 0n;
  let product = 1n;
  for (let i = 1; i <= k; i++) product = (product * BigInt(n - k + i)) / BigInt(i);
  return product;
}

/**
 * Combination `index` of `size` items, in lexicographic order of their positions. Of the combinations of the items from here on,
 * those with the first item come first: C(items left - 1, size - 1) of them.
 */
function combination(items: readonly number[], size: number, index: bigint): Set<number> {
  const chosen = new Set<number>();
  let rest = index;
  for (const [position, item] of items.entries()) {
    const missing = size - chosen.size;
    if (missing === 0) break;
    const withItem = binomial(items.length - position - 1, missing - 1);
    if (rest < withItem) chosen.add(item);
    else rest -= withItem;
  }
  return chosen;
}
