import { describe, it } from "vitest";
import { noam, triStage, warmupCosine, warmupInverseRoot, warmupLinear } from "../../../train/lr_schedule.ts";
import { expectClose, loadBook } from "../book.ts";

const schedules: Record<string, (step: number, options: never) => number> = {
  noam,
  warmup_inverse_root: warmupInverseRoot,
  warmup_cosine: warmupCosine,
  warmup_linear: warmupLinear,
  tri_stage: triStage,
};

describe("ops/learning_rate", () => {
  for (const { name, attrs, inputs, outputs } of loadBook<{ schedule: string; options: never }>("ops/learning_rate").cases)
    it(name, () => {
      const steps = [...inputs.integers("steps").values];
      expectClose(steps.map((step) => schedules[attrs.schedule]!(step, attrs.options)), outputs.get("y"));
    });
});
