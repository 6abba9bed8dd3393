import { layerNorm } from "../../../../kernels/layer_norm/layer_norm.ts";
import { runOperationBook } from "../../run_operation_book.ts";

runOperationBook<{ eps: number }>("ops/layer_norm", {
  layer_norm: (tape, { x, weight, bias }, { eps }) => {
    const channels = x!.shape.at(-1)!;
    return { y: layerNorm(tape, x!, weight ?? tape.filled([channels], 1), bias ?? tape.filled([channels], 0), eps) };
  },
});
