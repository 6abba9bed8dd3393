import { expectRank, expectType } from "../../engine/shape.ts";
import type { Tape } from "../../engine/tape.ts";
import { viewOf, type Tensor } from "../../engine/tensor.ts";
import { addToSlices, slicesOf, type Slices } from "./index_select.ts";

/**
 * Rows of a table.
 *
 * @param indices      i32, any shape; an index outside of [0, vocab) gives a row of zeros
 * @param weight       `[vocab, channels]`
 * @param paddingIndex a row that is looked up like the others but gets no gradient
 * @returns            `[…indices, channels]`
 */
export function embedding(tape: Tape, indices: Tensor, weight: Tensor, paddingIndex?: number): Tensor {
  expectType("embedding", "indices", indices, "i32");
  expectType("embedding", "weight", weight, "f32");
  expectRank("embedding", "weight", weight, 2);
  const [count, inner] = weight.shape as [number, number];
  const sizes: Slices = { outer: 1, count, selected: indices.size, inner };
  const y = viewOf(slicesOf(tape, weight, indices, sizes), [...indices.shape, inner]);
  return tape.record("embedding", [weight], y, [indices], (dy) => {
    addToSlices(tape, dy, indices, tape.gradientOf(weight), sizes, paddingIndex);
    return [undefined];
  });
}
