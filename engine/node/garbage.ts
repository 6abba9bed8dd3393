import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

let collect: (() => void) | undefined;

/**
 * Runs the garbage collector now. WebGPU has no way to destroy a bind group; Dawn frees it when its JavaScript object is
 * collected, and the collector, which sees a few bytes of each, takes its time. Call it when thousands were dropped.
 */
export function collectGarbage(): void {
  if (!collect) {
    setFlagsFromString("--expose-gc");
    collect = runInNewContext("gc") as () => void;
    setFlagsFromString("--no-expose-gc");
  }
  collect();
}
