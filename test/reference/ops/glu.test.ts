import { glu } from "../../../kernels/glu/glu.ts";
import { runOperationBook } from "../run_operation_book.ts";

runOperationBook<{ axis: number }>("ops/glu", {
  glu: (tape, { x }, { axis }) => ({ y: glu(tape, x!, axis) }),
});
