import type { Tape } from "../../../../engine/tape.ts";
import type { Tensor } from "../../../../engine/tensor.ts";
import { batchNorm, type BatchNormOptions } from "../../../../kernels/batch_norm/batch_norm.ts";
import { permute } from "../../../../kernels/shaping/shaping.ts";
import { runOperationBook, type Inputs } from "../../run_operation_book.ts";

/** The book's activations are `[batch, channels, time]` or `[batch, channels]`. */
const channelsLast = (tape: Tape, x: Tensor): Tensor => (x.shape.length === 3 ? permute(tape, x, [0, 2, 1]) : x);

function run(tape: Tape, inputs: Inputs, options: BatchNormOptions) {
  const running = { mean: inputs.running_mean!, variance: inputs.running_var! };
  const y = batchNorm(tape, channelsLast(tape, inputs.x!), inputs.weight!, inputs.bias!, running, options);
  return { y: channelsLast(tape, y), running_mean: running.mean, running_var: running.variance };
}

runOperationBook<{ training?: boolean; momentum: number; eps: number }>("ops/batch_norm", {
  batch_norm1d: (tape, inputs, { training, momentum, eps }) =>
    run(tape, inputs, { training: training!, momentum, eps }),
  masked_batch_norm1d: (tape, inputs, { momentum, eps }) =>
    run(tape, inputs, { training: true, momentum, eps, lengths: inputs.lengths }),
});
