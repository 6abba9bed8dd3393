import { setImmediate } from "node:timers/promises";

const never = new Int32Array(new SharedArrayBuffer(4));

/** Waits shorter than this are common on a GPU, where a nap would only add latency. */
const AWAKE_MS = 2;
const NAP_MS = 1;

/**
 * Waits for a promise of Dawn. While one is pending, Dawn polls in a loop of immediates that takes a whole core, and a
 * software driver computes on those very cores. So after a moment each turn of the loop naps for a millisecond.
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
