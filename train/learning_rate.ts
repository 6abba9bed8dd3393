import type { TrainConfig } from "../config/config.ts";
import { noam, triStage, warmupConstant, warmupCosine, warmupInverseRoot, warmupLinear } from "./lr_schedule.ts";

/** The learning rate of the step that follows `step` steps already done, by the config's schedule. */
export function learningRateAt({ schedule, optimizer, model }: TrainConfig, step: number, allSteps: number): number {
  const peak = optimizer.learningRate;
  const warmup = schedule.warmupSteps;
  const total = schedule.totalSteps ?? allSteps;
  switch (schedule.kind) {
    case "constant":
      return warmupConstant(step + 1, { peak, warmup });
    case "cosine":
      return warmupCosine(step + 1, { peak, warmup, total, floor: schedule.floor });
    case "linear":
      return warmupLinear(step + 1, { peak, warmup, total });
    case "inverse_square_root":
      return warmup === 0 ? peak * (step + 1) ** -0.5 : warmupInverseRoot(step + 1, { peak, warmup });
    case "noam":
      return noam(step + 1, { dim: model.dim, warmup, factor: peak });
    case "tri_stage": {
      const decay = schedule.decaySteps ?? Math.max(1, total - warmup - schedule.holdSteps);
      return triStage(step + 1, {
        peak,
        warmup,
        hold: schedule.holdSteps,
        decay,
        initial: schedule.initialFactor,
        final: schedule.finalFactor,
      });
    }
  }
}
