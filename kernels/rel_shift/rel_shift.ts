import { defineKernel, spread } from "../../engine/kernel/kernel.ts";
import { expectRank, expectShape, expectType } from "../../engine/shape.ts";
import type { Tape } from "../../engine/tape.ts";
import type { Tensor } from "../../engine/tensor.ts";

const forward = defineKernel({
  file: new URL("./forward.wgsl", import.meta.url),
  bindings: { x: "read", y: "read_write" },
  sizes: { rows: "u32", frames: "u32" },
  workgroups: ({ rows, frames }) => spread(rows * frames, 64),
});

const backward = defineKernel({
  file: new URL("./backward.wgsl", import.meta.url),
  bindings: { dy: "read", dx: "read_write" },
  sizes: { rows: "u32", frames: "u32" },
  workgroups: ({ rows, frames }) => spread(rows * (2 * frames - 1), 64),
});

/**
 * Turns attention scores by distance into scores by key: y[…, i, j] = x[…, i, frames - 1 - (i - j)] (Dai et al.,
 * "Transformer-XL", 2019, appendix B, there done by padding and reshaping). `attention` reads by this index instead
 * of calling it; the operation is for building attention from parts.
 *
 * @param x `[batch, heads, frames, 2 · frames - 1]`; column m belongs to the distance frames - 1 - m of query minus key
 * @returns `[batch, heads, frames, frames]`
 */
export function relShift(tape: Tape, x: Tensor): Tensor {
  expectType("relShift", "x", x, "f32");
  expectRank("relShift", "x", x, 4);
  const [batch, heads, frames] = x.shape as readonly [number, number, number];
  expectShape("relShift", "x", x, [batch, heads, frames, 2 * frames - 1]);
  const rows = batch * heads * frames;
  const y = tape.empty([batch, heads, frames, frames]);
  forward.encode(tape, { x, y }, { rows, frames }, {});
  return tape.record("relShift", [x], y, [], (dy) => {
    const dx = tape.like(x);
    backward.encode(tape, { dy, dx }, { rows, frames }, {});
    return [dx];
  });
}
