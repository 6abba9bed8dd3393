import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

let collect: (() => void) | undefined;

/**
 * Runs the garbage collector now. WebGPU cannot destroy a bind group; Dawn frees it when its JavaScript object is collected, and the
 * collector, which sees only a few bytes of each, is in no hurry. Call this after dropping thousands.
 */
export function collectGarbage(): void {
  if (!collect) {
    setFlagsFromString("--expose-gc");
    collect = runInNewContext("gc") as () => void;
    setFlagsFromString("--no-expose-gc");
  }
  collect();
}
