import { conv2d } from "../../../../kernels/conv2d/conv2d.ts";
import { permute } from "../../../../kernels/shaping/shaping.ts";
import { runOperationBook } from "../../run_operation_book.ts";

runOperationBook<{ stride: number; padding: number }>("ops/conv2d", {
  // The book's images are [batch, channels, height, width].
  conv2d: (tape, { x, weight, bias }, attrs) => {
    const y = conv2d(tape, permute(tape, x!, [0, 2, 3, 1]), weight!, bias, attrs);
    return { y: permute(tape, y, [0, 3, 1, 2]) };
  },
});
