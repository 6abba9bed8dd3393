import { linear } from "../../../kernels/linear/linear.ts";
import { runOperationBook } from "../run_operation_book.ts";

runOperationBook("ops/linear", {
  linear: (tape, { x, weight, bias }) => ({ y: linear(tape, x!, weight!, bias) }),
});
