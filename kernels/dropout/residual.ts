import { overElements } from "../../engine/kernel/grid.ts";
import { defineKernel } from "../../engine/kernel/kernel.ts";
import { expectFloat, expectShape } from "../../engine/shape.ts";
import type { Tape } from "../../engine/tape.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { cast } from "../pointwise/cast.ts";
import { dropoutKernel, dropoutSizes } from "./dropout.ts";

const kernel = defineKernel({
  file: new URL("./residual.wgsl", import.meta.url),
  bindings: { x: "read", update: "read", y: "read_write" },
  sizes: { count: "u32", prefix: "u32", first: "u32", threshold: "u32", factor: "f32" },
  workgroups: ({ count }) => overElements(count),
});

/**
 * x + factor · dropout(update): a residual connection with its dropout, in one pass. The Conformer's feed-forward modules
 * are added with factor ½ (Gulati et al., 2020). Without training, or at rate 0, nothing is dropped.
 *
 * @param update same shape as x; may be f16 where x is f32
 * @param rate   in [0, 1)
 * @param site   names this dropout, as in `dropout`
 * @returns      shape and type of x
 */
export function residual(tape: Tape, x: Tensor, update: Tensor, factor: number, rate: number, site: number): Tensor {
  expectFloat("residual", "x", x);
  expectFloat("residual", "update", update);
  expectShape("residual", "update", update, x.shape);
  const { factor: kept, ...drawn } = dropoutSizes("residual", tape, rate, site, x.size);
  const sizes = { count: x.size, ...drawn };
  const y = tape.like(x);
  kernel.encode(tape, { x, update, y }, { ...sizes, factor: factor * kept }, {});
  return tape.record("residual", [x, update], y, [], (dy) => {
    if (!update.needsGrad) return [dy, undefined];
    if (factor === 1 && sizes.threshold === 0) return [dy, cast(tape, dy, update.dtype as "f32" | "f16")];
    const dupdate = tape.like(update);
    dropoutKernel.encode(tape, { x: dy, y: dupdate }, { ...sizes, factor: factor * kept }, {});
    return [dy, dupdate];
  });
}
