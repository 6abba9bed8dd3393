// Work that takes some ranks much longer than others. A rank that waits for an exchange cannot tell one that works from one that has
// stopped; so those that work give signs of life, small exchanges in which all take part.
import { onAnyRank } from "./agreement.ts";
import type { Communicator } from "./communicator.ts";
import { ofAllRanks, ofRank } from "./values.ts";

/** Milliseconds between two signs of life. */
const SIGN_OF_LIFE_MS = 1000;

/** What rank 0 tells the others: what all are to do next, or how it has ended. */
type Word<Order, Result> = { readonly order: Order } | { readonly result: Result };

/** An order that has been given, and not yet been carried out. */
interface Given<Order, Answer> {
  readonly order: Order;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Runs `lead` on rank 0 alone, while the others wait, however long it takes. What it orders by calling `together`, one order at a time, all
 * ranks carry out by `follow`. An error of `lead` is thrown on rank 0; the others then wait for it to end them.
 *
 * @returns on every rank what `lead` gave; the others get it, and the orders, as JSON keeps them
 */
export async function led<Order, Answer, Result>(
  ranks: Communicator,
  lead: (together: (order: Order) => Promise<Answer>) => Promise<Result>,
  follow: (order: Order) => Promise<Answer>,
): Promise<Result> {
  if (ranks.size === 1) return lead(follow);
  return ranks.rank === 0 ? leading(ranks, lead, follow) : following(ranks, follow);
}

async function leading<Order, Answer, Result>(
  ranks: Communicator,
  lead: (together: (order: Order) => Promise<Answer>) => Promise<Result>,
  follow: (order: Order) => Promise<Answer>,
): Promise<Result> {
  let given: Given<Order, Answer> | undefined;
  let changed = (): void => undefined;
  const result = lead(
    (order) =>
      new Promise((resolve, reject) => {
        given = { order, resolve, reject };
        changed();
      }),
  );
  let ended = false;
  const over = (): void => {
    ended = true;
    changed();
  };
  result.then(over, over); // an error is thrown below
  const say = async (word: Word<Order, Result>): Promise<void> => {
    await onAnyRank(ranks, true);
    await ofRank(ranks, 0, word);
  };
  for (;;) {
    if (!given && !ended) await within(SIGN_OF_LIFE_MS, new Promise<void>((resolve) => (changed = resolve)));
    if (given) {
      const { order, resolve, reject } = given;
      given = undefined;
      await say({ order });
      const answer = follow(order);
      answer.then(resolve, reject);
      await answer;
    } else if (ended) {
      await say({ result: await result });
      return result;
    } else await onAnyRank(ranks, false);
  }
}

async function following<Order, Answer, Result>(
  ranks: Communicator,
  follow: (order: Order) => Promise<Answer>,
): Promise<Result> {
  for (;;) {
    while (!(await onAnyRank(ranks, false)));
    const word = await ofRank<Word<Order, Result>>(ranks, 0, undefined);
    if (!("order" in word)) return word.result;
    await follow(word.order);
  }
}

/** Runs `body` on rank 0 while the others wait, and gives every rank its number. An error is thrown on rank 0, as by `led`. */
export const byRootAlone = (ranks: Communicator, body: () => Promise<number>): Promise<number> =>
  led(ranks, body, (order: never) => Promise.resolve(order));

/** Runs `body`, in which no rank may exchange anything, on each rank, and gives every rank what all gave, as JSON keeps it. */
export async function byEachAlone<Result>(ranks: Communicator, body: () => Promise<Result>): Promise<Result[]> {
  const result = body();
  if (ranks.size === 1) return [await result];
  let ended = false;
  const over = (): void => void (ended = true);
  result.then(over, over);
  do await within(SIGN_OF_LIFE_MS, result);
  while (await onAnyRank(ranks, !ended));
  return ofAllRanks(ranks, await result);
}

/** Waits for a promise, but no longer than this. Throws what it throws. */
async function within(milliseconds: number, promise: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, milliseconds)));
  await Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
