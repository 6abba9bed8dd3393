import { defineKernel, spread } from "../../engine/kernel/kernel.ts";
import { expectRank, expectType, ShapeError } from "../../engine/shape.ts";
import type { Tape } from "../../engine/tape.ts";
import type { Tensor } from "../../engine/tensor.ts";

const rotate = defineKernel({
  file: new URL("./rotate.wgsl", import.meta.url),
  bindings: { x: "read", cos_sin: "read", y: "read_write" },
  sizes: { points: "u32", frames: "u32", heads: "u32", half_width: "u32", direction: "f32" },
  workgroups: ({ points }) => spread(points, 64),
});

/**
 * Rotary position embedding (Su et al., "RoFormer", 2021): with the angle a = frame · base^(-2i / width), features i and
 * i + width / 2 of each head become (x_i cos a - x_{i + width / 2} sin a, x_{i + width / 2} cos a + x_i sin a). The dot
 * product of two frames then depends on their distance only.
 *
 * @param x    `[batch, frames, heads, width]`, width even
 * @param base of the geometric series of wavelengths
 * @returns    same shape as x
 */
export function rotaryEmbedding(tape: Tape, x: Tensor, base = 10000): Tensor {
  expectType("rotaryEmbedding", "x", x, "f32");
  expectRank("rotaryEmbedding", "x", x, 4);
  const [, frames, heads, width] = x.shape as readonly [number, number, number, number];
  if (width % 2 !== 0) throw new ShapeError("rotaryEmbedding", "x", "an even width of the last axis", String(width));
  const sizes = { points: x.size / 2, frames, heads, half_width: width / 2 };
  const cosSin = tape.upload(cosSinTable(frames, width / 2, base), [frames, width / 2, 2]);
  const y = tape.like(x);
  rotate.encode(tape, { x, cos_sin: cosSin, y }, { ...sizes, direction: 1 }, {});
  return tape.record("rotaryEmbedding", [x], y, [cosSin], (dy) => {
    const dx = tape.like(x);
    rotate.encode(tape, { x: dy, cos_sin: cosSin, y: dx }, { ...sizes, direction: -1 }, {});
    return [dx];
  });
}

/** Cosine and sine of every angle. On the host in float64: a GPU's sine need not be exact beyond ±π. */
function cosSinTable(frames: number, halfWidth: number, base: number): Float32Array {
  const table = new Float32Array(frames * halfWidth * 2);
  for (let i = 0; i < halfWidth; i++) {
    const frequency = base ** (-i / halfWidth);
    for (let frame = 0; frame < frames; frame++) {
      const at = 2 * (frame * halfWidth + i);
      table[at] = Math.cos(frame * frequency);
      table[at + 1] = Math.sin(frame * frequency);
    }
  }
  return table;
}
