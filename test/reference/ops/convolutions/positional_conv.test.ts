import { positionalConv } from "../../../../kernels/positional_conv/positional_conv.ts";
import { permute } from "../../../../kernels/shaping/shaping.ts";
import { runOperationBook } from "../../run_operation_book.ts";

runOperationBook<{ groups: number }>("ops/positional_conv", {
  // The book's activations are [batch, channels, time].
  positional_conv: (tape, { x, weight_g, weight_v, bias }, { groups }) => {
    const weights = { v: weight_v!, gain: weight_g!, bias: bias! };
    const y = positionalConv(tape, permute(tape, x!, [0, 2, 1]), weights, groups);
    return { y: permute(tape, y, [0, 2, 1]) };
  },
});
