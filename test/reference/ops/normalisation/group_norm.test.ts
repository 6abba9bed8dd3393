import { groupNorm } from "../../../../kernels/group_norm/group_norm.ts";
import { permute } from "../../../../kernels/shaping/shaping.ts";
import { runOperationBook } from "../../run_operation_book.ts";

runOperationBook<{ groups: number; eps: number }>("ops/group_norm", {
  // The book's activations are [batch, channels, time].
  group_norm: (tape, { x, weight, bias }, attrs) => {
    const y = groupNorm(tape, permute(tape, x!, [0, 2, 1]), weight!, bias!, attrs);
    return { y: permute(tape, y, [0, 2, 1]) };
  },
});
