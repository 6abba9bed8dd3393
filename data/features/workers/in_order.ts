/**
 * Runs `work` concurrently on several items and yields the results in the order of the items. So what is done with them
 * does not depend on timing, and the error thrown is that of the first failing item.
 *
 * @param ahead maximum number of items in progress or waiting to be yielded
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
