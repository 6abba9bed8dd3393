import { describe, expect, it } from "vitest";
import { noam, triStage, warmupCosine, warmupInverseRoot, warmupLinear } from "../../../train/learning_rate.ts";
import { expectClose, loadBook } from "../book.ts";

const schedules: Record<string, (step: number, options: never) => number> = {
  noam,
  warmup_inverse_root: warmupInverseRoot,
  warmup_cosine: warmupCosine,
  warmup_linear: warmupLinear,
  tri_stage: triStage,
};

describe("ops/learning_rate", () => {
  for (const { name, attrs, inputs, outputs } of loadBook<{ schedule: string; options: never }>("ops/learning_rate")
    .cases)
    it(name, () => {
      const steps = [...inputs.integers("steps").values];
      expectClose(
        steps.map((step) => schedules[attrs.schedule]!(step, attrs.options)),
        outputs.get("y"),
      );
    });
});

it.each([4, 5, 6])(
  "a warm-up of 5 steps, the whole run %d of them: the rate rises to its peak and is a number at every step",
  (total) => {
    for (const schedule of [
      (step: number) => warmupCosine(step, { peak: 1, warmup: 5, total, floor: 0 }),
      (step: number) => warmupLinear(step, { peak: 1, warmup: 5, total }),
    ]) {
      const rates = Array.from({ length: total }, (_, i) => schedule(i + 1));
      expect(rates.slice(0, 4)).toEqual([0.2, 0.4, 0.6, 0.8]);
      for (const rate of rates) expect(rate).toBeGreaterThanOrEqual(0);
    }
  },
);
