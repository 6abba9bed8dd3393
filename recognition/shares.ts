import { UserError } from "../engine/errors.ts";
import { evaluationBatches } from "../data/batches/evaluation_batches.ts";

/** Which one a process is of those that recognise a set together. */
export interface Place {
  readonly rank: number;
  readonly size: number;
}

/** A process that recognises the whole set. */
export const wholeSet: Place = { rank: 0, size: 1 };

/** What a process has recognised of a set. */
export interface Shared {
  /** What the set was shared out by, as every process must have found it. */
  readonly plan: readonly number[];
  /** Indices in the set of what the process has recognised, ascending. */
  readonly indices: readonly number[];
}

/**
 * The items that a process recognises: whole batches of one process's. So every item is recognised with the same others, and to the last
 * bit as there.
 *
 * @param frames of all items
 * @returns their indices, ascending
 */
export const ownItems = (
  frames: readonly number[],
  batchSize: number,
  model: { readonly paddingMatters: boolean },
  place: Place,
): number[] =>
  ownOf(evaluationBatches(frames, batchSize, model), place)
    .flat()
    .sort((a, b) => a - b);

/** Dealt out in turn. */
export const ownOf = <Item>(items: readonly Item[], { rank, size }: Place): Item[] =>
  items.filter((_, i) => i % size === rank);

/** Throws UserError if processes found other sets, as on machines with other files. */
export function expectSamePlan(parts: readonly Shared[]): void {
  const [first, ...others] = parts.map(({ plan }) => JSON.stringify(plan));
  const other = others.findIndex((plan) => plan !== first);
  if (other >= 0)
    throw new UserError(
      `rank ${other + 1} found other audio than rank 0, or has less memory: they cannot share it out; all machines must see the same files`,
    );
}

/** What the processes have of each item, in the items' order; items that none has are left out. */
export function inOrderOfItems<Part extends Shared, Item>(
  parts: readonly Part[],
  of: (part: Part) => readonly Item[],
): Item[] {
  const found = parts.flatMap((part) => part.indices.map((index, i) => [index, of(part)[i] as Item] as const));
  return found.sort(([a], [b]) => a - b).map(([, item]) => item);
}
