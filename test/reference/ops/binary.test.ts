import * as binary from "../../../kernels/pointwise/binary.ts";
import { addScalar, scale } from "../../../kernels/pointwise/unary.ts";
import { runOperationBook, type Runner } from "../run_operation_book.ts";

interface Attrs {
  value: number;
}

const elementwise = Object.fromEntries(
  Object.entries(binary).map(([name, operation]): [string, Runner<Attrs>] => [
    name,
    (tape, { a, b }) => ({ y: operation(tape, a!, b!) }),
  ]),
);

runOperationBook<Attrs>("ops/binary", {
  ...elementwise,
  add_scalar: (tape, { x }, { value }) => ({ y: addScalar(tape, x!, value) }),
  mul_scalar: (tape, { x }, { value }) => ({ y: scale(tape, x!, value) }),
});
