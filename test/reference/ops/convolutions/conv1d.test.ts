import { conv1d } from "../../../../kernels/conv1d/conv1d.ts";
import { permute } from "../../../../kernels/shaping/shaping.ts";
import { runOperationBook } from "../../run_operation_book.ts";

runOperationBook<{ stride: number; padding: number; dilation: number; groups: number }>("ops/conv1d", {
  // The book's activations are [batch, channels, time].
  conv1d: (tape, { x, weight, bias }, attrs) => {
    const y = conv1d(tape, permute(tape, x!, [0, 2, 1]), weight!, bias, attrs);
    return { y: permute(tape, y, [0, 2, 1]) };
  },
});
