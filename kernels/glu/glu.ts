import { defineKernel } from "../../engine/kernel/kernel.ts";
import {
  expectAxis,
  expectFloat,
  expectRank,
  expectShape,
  expectType,
  ShapeError,
  sizeOf,
} from "../../engine/shape.ts";
import type { Tape } from "../../engine/tape.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { overElements } from "../../engine/kernel/grid.ts";

const forward = defineKernel({
  file: new URL("./forward.wgsl", import.meta.url),
  bindings: { x: "read", lengths: "read", y: "read_write" },
  sizes: { count: "u32", half: "u32", frames: "u32" },
  workgroups: ({ count }) => overElements(count),
});

const backward = defineKernel({
  file: new URL("./backward.wgsl", import.meta.url),
  bindings: { x: "read", lengths: "read", dy: "read", dx: "read_write" },
  sizes: { count: "u32", half: "u32", frames: "u32" },
  workgroups: ({ count }) => overElements(count),
});

/**
 * Gated linear unit: the first half of an axis times the sigmoid of the second (Dauphin et al., 2017).
 *
 * @param x       `[…, 2 · channels, …]`, halved along `axis`
 * @param lengths i32 `[batch]`, for x `[batch, frames, 2 · channels]` only: frames from `lengths[b]` on give 0 and get
 *                no gradient. It saves the convolution module a pass over its input.
 */
export function glu(tape: Tape, x: Tensor, axis = -1, lengths?: Tensor): Tensor {
  expectFloat("glu", "x", x);
  const along = expectAxis("glu", axis, x.shape.length);
  const width = x.shape[along]!;
  if (width % 2 !== 0) throw new ShapeError("glu", "x", `an even size of axis ${along}`, String(width));
  const frames = lengths ? framesOf(x, along, lengths) : 0;
  const y = tape.empty(x.shape.with(along, width / 2), x.dtype);
  const sizes = { count: y.size, half: (width / 2) * sizeOf(x.shape.slice(along + 1)), frames };
  // The kernel binds lengths, used or not.
  const bound = lengths ?? tape.empty([1], "i32");
  forward.encode(tape, { x, lengths: bound, y }, sizes, {});
  return tape.record("glu", [x], y, [x, bound], (dy) => {
    const dx = tape.like(x);
    backward.encode(tape, { x, lengths: bound, dy, dx }, sizes, {});
    return [dx];
  });
}

function framesOf(x: Tensor, along: number, lengths: Tensor): number {
  expectRank("glu", "x", x, 3);
  if (along !== 2) throw new ShapeError("glu", "axis", "the last axis, because lengths are given", String(along));
  expectType("glu", "lengths", lengths, "i32");
  expectShape("glu", "lengths", lengths, [x.shape[0]!]);
  return x.shape[1]!;
}
