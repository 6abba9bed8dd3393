import { defineKernel } from "../../engine/kernel.ts";
import { hash } from "../../engine/random.ts";
import { expectType, ShapeError } from "../../engine/shape.ts";
import type { Tape } from "../../engine/tape.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { overElements } from "../../engine/grid.ts";

const kernel = defineKernel({
  file: new URL("./dropout.wgsl", import.meta.url),
  bindings: { x: "read", y: "read_write" },
  sizes: { count: "u32", prefix: "u32", threshold: "u32", factor: "f32" },
  workgroups: ({ count }) => overElements(count),
});

/**
 * Sets elements to 0 with probability `rate` and divides the others by 1 - rate (Srivastava et al., 2014). Gives x itself
 * unless `tape.training`.
 *
 * @param rate in [0, 1)
 * @param site names this use of dropout within a step: equal (tape.seed, tape.step, site) drop equal elements, so that a
 *             checkpointed block repeats its mask when it runs again
 */
export function dropout(tape: Tape, x: Tensor, rate: number, site: number): Tensor {
  expectType("dropout", "x", x, "f32");
  if (!(rate >= 0 && rate < 1)) throw new ShapeError("dropout", "rate", "a number in [0, 1)", String(rate));
  if (!tape.training || rate === 0) return x;
  const sizes = { count: x.size, prefix: hash(tape.seed, tape.step, site), threshold: thresholdOf(rate), factor: 1 / (1 - rate) };
  const dropped = (from: Tensor): Tensor => {
    const y = tape.like(from);
    kernel.encode(tape, { x: from, y }, sizes, {});
    return y;
  };
  return tape.record("dropout", [x], dropped(x), [], (dy) => [dropped(dy)]);
}

/** Of the 2²⁴ values that a random number can take, how many drop an element. */
const thresholdOf = (rate: number): number => Math.round(rate * 2 ** 24);
