import { klDivergence } from "../../../../kernels/kl_divergence/kl_divergence.ts";
import { runOperationBook } from "../../run_operation_book.ts";

interface Attrs {
  temperature: number;
  scale_by_squared_temperature: boolean;
  stop_gradient: boolean;
  reduction: "frames" | "batch" | "sum";
  direction: "teacher_to_student" | "student_to_teacher";
}

runOperationBook<Attrs>("ops/kl_divergence", {
  kl_divergence: (tape, { student, teacher, lengths }, attrs) => ({
    y: klDivergence(tape, student!, teacher!, {
      lengths,
      temperature: attrs.temperature,
      scaleBySquaredTemperature: attrs.scale_by_squared_temperature,
      direction: attrs.direction,
      detach: attrs.stop_gradient ? "teacher" : "none",
      reduction: attrs.reduction,
    }),
  }),
});
