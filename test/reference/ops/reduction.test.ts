import { argmax } from "../../../kernels/reduction/argmax.ts";
import { logSumExp, max, mean, sum, variance } from "../../../kernels/reduction/reduction.ts";
import { runOperationBook, type Runner } from "../run_operation_book.ts";

interface Attrs {
  axes: number[];
  keepdim: boolean;
  axis: number;
}

const run =
  (operation: typeof sum): Runner<Attrs> =>
  (tape, { x }, { axes, keepdim }) => ({ y: operation(tape, x!, axes, { keepDims: keepdim }) });

runOperationBook<Attrs>("ops/reduction", {
  sum: run(sum),
  mean: run(mean),
  max: run(max),
  logsumexp: run(logSumExp),
  variance: run(variance),
  argmax: (tape, { x }, { axis }) => ({ y: argmax(tape, x!, axis) }),
});
