import { logSoftmax, maskedLogSoftmax, maskedSoftmax, softmax } from "../../../kernels/softmax/softmax.ts";
import { runOperationBook } from "../run_operation_book.ts";

runOperationBook<{ axis: number }>("ops/softmax", {
  softmax: (tape, { x }, { axis }) => ({ y: softmax(tape, x!, axis) }),
  log_softmax: (tape, { x }, { axis }) => ({ y: logSoftmax(tape, x!, axis) }),
  masked_softmax: (tape, { x, mask }) => ({ y: maskedSoftmax(tape, x!, mask!) }),
  masked_log_softmax: (tape, { x, mask }) => ({ y: maskedLogSoftmax(tape, x!, mask!) }),
});
