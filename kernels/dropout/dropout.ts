import { defineKernel } from "../../engine/kernel/kernel.ts";
import { hash } from "../../engine/random.ts";
import { expectFloat, ShapeError } from "../../engine/shape.ts";
import type { Tape } from "../../engine/tape.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { overElements } from "../../engine/kernel/grid.ts";

export const dropoutKernel = defineKernel({
  file: new URL("./dropout.wgsl", import.meta.url),
  bindings: { x: "read", y: "read_write" },
  sizes: { count: "u32", prefix: "u32", first: "u32", threshold: "u32", factor: "f32" },
  workgroups: ({ count }) => overElements(count),
});

export interface DropoutOptions {
  /** Whether x holds a part for each utterance of the batch, in its order, not something that they all share; default true. */
  readonly ofUtterances?: boolean;
}

/**
 * Sets elements to 0 with probability `rate` and divides the others by 1 - rate (Srivastava et al., 2014). Returns x itself
 * unless `tape.training`.
 *
 * @param rate in [0, 1)
 * @param site names this use of dropout within a step: equal (tape.seed, tape.step, site) drop the same elements, so that a
 *             checkpointed block repeats its mask when it runs again, and a part of a batch what the whole drops there (`tape.rows`)
 */
export function dropout(
  tape: Tape,
  x: Tensor,
  rate: number,
  site: number,
  { ofUtterances = true }: DropoutOptions = {},
): Tensor {
  expectFloat("dropout", "x", x);
  const sizes = { count: x.size, ...dropoutSizes("dropout", tape, rate, site, ofUtterances ? x.size : 0) };
  if (sizes.threshold === 0) return x;
  const dropped = (from: Tensor): Tensor => {
    const y = tape.like(from);
    dropoutKernel.encode(tape, { x: from, y }, sizes, {});
    return y;
  };
  return tape.record("dropout", [x], dropped(x), [], (dy) => [dropped(dy)]);
}

/**
 * The sizes of dropout's kernels: which elements are kept, and their factor. Nothing is dropped unless `tape.training`.
 *
 * @param count elements of all this tape's utterances together; 0 where utterances share them
 */
export function dropoutSizes(operation: string, tape: Tape, rate: number, site: number, count: number) {
  if (!(rate >= 0 && rate < 1)) throw new ShapeError(operation, "rate", "a number in [0, 1)", String(rate));
  if (!tape.training || rate === 0) return { prefix: 0, first: 0, threshold: 0, factor: 1 };
  // Of the 2²⁴ values that a random number can take, `threshold` drop an element.
  return {
    prefix: hash(tape.seed, tape.step, site),
    first: tape.rows ? (tape.rows.before * count) / tape.rows.count : 0,
    threshold: Math.round(rate * 2 ** 24),
    factor: 1 / (1 - rate),
  };
}
