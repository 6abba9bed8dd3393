import { defineKernel } from "../../engine/kernel/kernel.ts";
import { expectFloat, expectRank, expectShape, expectType } from "../../engine/shape.ts";
import type { Tape } from "../../engine/tape.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { overElements } from "../../engine/kernel/grid.ts";

const mask = defineKernel({
  file: new URL("./mask_frames.wgsl", import.meta.url),
  bindings: { x: "read", lengths: "read", y: "read_write" },
  sizes: { count: "u32", frames: "u32", channels: "u32" },
  workgroups: ({ count }) => overElements(count),
});

/**
 * x with 0 in the padding: in all frames from `lengths[b]` on. No gradient flows back there.
 *
 * @param x       `[batch, frames, channels]`
 * @param lengths i32 `[batch]`, in frames
 */
export function maskFrames(tape: Tape, x: Tensor, lengths: Tensor): Tensor {
  expectFloat("maskFrames", "x", x);
  expectRank("maskFrames", "x", x, 3);
  const [batch, frames, channels] = x.shape as [number, number, number];
  expectType("maskFrames", "lengths", lengths, "i32");
  expectShape("maskFrames", "lengths", lengths, [batch]);
  const masked = (from: Tensor): Tensor => {
    const y = tape.like(from);
    mask.encode(tape, { x: from, lengths, y }, { count: y.size, frames, channels }, {});
    return y;
  };
  return tape.record("maskFrames", [x], masked(x), [lengths], (dy) => [masked(dy)]);
}
