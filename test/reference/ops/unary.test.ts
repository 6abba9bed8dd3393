import type { Tape } from "../../../engine/tape.ts";
import type { Tensor } from "../../../engine/tensor.ts";
import * as unary from "../../../kernels/pointwise/unary.ts";
import { runOperationBook, type Runner } from "../run_operation_book.ts";

const run =
  (operation: (tape: Tape, x: Tensor) => Tensor): Runner<Record<string, never>> =>
  (tape, { x }) => ({ y: operation(tape, x!) });

runOperationBook("ops/unary", {
  neg: run(unary.neg),
  abs: run(unary.abs),
  square: run(unary.square),
  exp: run(unary.exp),
  log: run(unary.log),
  sqrt: run(unary.sqrt),
  rsqrt: run(unary.rsqrt),
  reciprocal: run(unary.reciprocal),
  sigmoid: run(unary.sigmoid),
  tanh: run(unary.tanh),
  relu: run(unary.relu),
  gelu_erf: run(unary.gelu),
  gelu_tanh: run(unary.geluTanh),
  silu: run(unary.silu),
  softplus: run(unary.softplus),
});
