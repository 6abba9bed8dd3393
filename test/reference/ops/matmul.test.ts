import { matmul } from "../../../kernels/matmul/matmul.ts";
import { runOperationBook } from "../run_operation_book.ts";

runOperationBook<{ transpose_a: boolean; transpose_b: boolean }>("ops/matmul", {
  matmul: (tape, { a, b }, { transpose_a, transpose_b }) => ({
    y: matmul(tape, a!, b!, { transposeA: transpose_a, transposeB: transpose_b }),
  }),
});
