import { setImmediate } from "node:timers/promises";

const never = new Int32Array(new SharedArrayBuffer(4));

/** GPU waits are often shorter than this; a nap would only add latency. */
const AWAKE_MS = 2;
const NAP_MS = 1;

/**
 * Waits for one of Dawn's promises. While one is pending, Dawn polls in a loop of immediates that takes a whole core, which a
 * software driver needs for computing. So after a moment, each turn of the loop naps for a millisecond.
 */
export async function waitFor<T>(promise: Promise<T>): Promise<T> {
  let pending = true;
  const settled = (): void => {
    pending = false;
  };
  promise.then(settled, settled);
  const started = performance.now();
  while (pending) {
    if (performance.now() - started > AWAKE_MS) Atomics.wait(never, 0, 0, NAP_MS);
    await setImmediate();
  }
  return promise;
}
