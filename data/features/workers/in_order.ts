/**
 * Runs `work` on each item, on several at once, and yields the results in the order of the items. So what is made of them
 * does not depend on which was done first, and the error that is thrown is the first item's that has one.
 *
 * @param ahead how many may be under way or wait to be yielded
 */
export async function* inOrder<Item, Result>(
  items: readonly Item[],
  ahead: number,
  work: (item: Item, index: number) => Promise<Result>,
): AsyncGenerator<Result> {
  const underway: Promise<Result>[] = [];
  let started = 0;
  while (started < items.length || underway.length > 0) {
    while (started < items.length && underway.length < ahead) {
      const promise = work(items[started] as Item, started);
      promise.catch(() => undefined); // thrown when its turn comes, unless an earlier one throws first
      underway.push(promise);
      started++;
    }
    yield await (underway.shift() as Promise<Result>);
  }
}
