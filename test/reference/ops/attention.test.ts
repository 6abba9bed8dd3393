import type { Tape } from "../../../engine/tape.ts";
import type { Tensor } from "../../../engine/tensor.ts";
import { attention } from "../../../kernels/attention/attention.ts";
import { permute } from "../../../kernels/shaping/shaping.ts";
import { runOperationBook } from "../run_operation_book.ts";

/** `[batch, heads, time, width]`, as in the book, to `[batch, time, heads · width]`, as in ours. */
function mergeHeads(tape: Tape, x: Tensor): Tensor {
  const [batch, heads, time, width] = x.shape as [number, number, number, number];
  return tape.reshape(permute(tape, x, [0, 2, 1, 3]), [batch, time, heads * width]);
}

/** The way back. */
function splitHeads(tape: Tape, x: Tensor, heads: number): Tensor {
  const [batch, time, dim] = x.shape as [number, number, number];
  return permute(tape, tape.reshape(x, [batch, time, heads, dim / heads]), [0, 2, 1, 3]);
}

runOperationBook<{ causal: boolean }>("ops/attention", {
  scaled_dot_product_attention: (tape, { q, k, v, mask }, { causal }) => {
    const heads = q!.shape[1]!;
    const y = attention(tape, mergeHeads(tape, q!), mergeHeads(tape, k!), mergeHeads(tape, v!), {
      heads,
      mask,
      causal,
    });
    return { y: splitHeads(tape, y, heads) };
  },
});
