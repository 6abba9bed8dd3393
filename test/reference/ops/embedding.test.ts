import { embedding } from "../../../kernels/embedding/embedding.ts";
import { runOperationBook } from "../run_operation_book.ts";

runOperationBook<{ padding_index: number | null }>("ops/embedding", {
  embedding: (tape, { indices, weight }, { padding_index }) => ({
    y: embedding(tape, indices!, weight!, padding_index ?? undefined),
  }),
});
