import { crossEntropy, labelSmoothingKl } from "../../../../kernels/cross_entropy/cross_entropy.ts";
import { runOperationBook } from "../../run_operation_book.ts";

interface Attrs {
  label_smoothing: number;
  reduction: "none" | "sum" | "mean";
  smoothing: number;
  normalise_by: "tokens" | "batch";
}

runOperationBook<Attrs>("ops/cross_entropy", {
  cross_entropy: (tape, { logits, targets }, { label_smoothing, reduction }) => ({
    y: crossEntropy(tape, logits!, targets!, { labelSmoothing: label_smoothing, reduction }),
  }),
  label_smoothing_kl: (tape, { logits, targets }, { smoothing, normalise_by }) => ({
    y: labelSmoothingKl(tape, logits!, targets!, { smoothing, normaliseBy: normalise_by }),
  }),
});
