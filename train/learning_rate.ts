import type { TrainConfig } from "../config/config.ts";

/** What of a config decides the learning rate. */
export interface RateConfig extends Pick<TrainConfig, "schedule"> {
  readonly optimizer: { readonly learningRate: number };
  readonly model: { readonly dim: number };
}

/** The config's learning rate for the next step, after `step` completed ones. */
export function learningRateAt({ schedule, optimizer, model }: RateConfig, step: number, allSteps: number): number {
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

/** Schedules as pure functions of the step. Past their end they keep their last value. */

/** factor · dim^-½ · min(step^-½, step · warmup^-3/2), from step 1 (Vaswani et al., 2017). */
export const noam = (step: number, o: { dim: number; warmup: number; factor: number }): number =>
  o.factor * o.dim ** -0.5 * Math.min(step ** -0.5, step * o.warmup ** -1.5);

/** Noam scaled so that the rate is `peak` at step `warmup`, from step 1 (ESPnet's WarmupLR). */
export const warmupInverseRoot = (step: number, o: { peak: number; warmup: number }): number =>
  o.peak * o.warmup ** 0.5 * Math.min(step ** -0.5, step * o.warmup ** -1.5);

/** Linear from 0 at step 0 to `peak` at `warmup`, then half a cosine down to `floor` at `total`. */
export function warmupCosine(step: number, o: { peak: number; warmup: number; total: number; floor: number }): number {
  if (step < o.warmup) return (o.peak * step) / o.warmup;
  const progress = Math.min(1, (step - o.warmup) / stepsAfterWarmup(o));
  return o.floor + (o.peak - o.floor) * 0.5 * (1 + Math.cos(Math.PI * progress));
}

/** Linear from 0 at step 0 to `peak` at `warmup`, then linear to 0 at `total`. */
export const warmupLinear = (step: number, o: { peak: number; warmup: number; total: number }): number =>
  o.peak * (step < o.warmup ? step / o.warmup : Math.max(0, (o.total - step) / stepsAfterWarmup(o)));

/** Linear from 0 at step 0 to `peak` at `warmup`, then constant. */
export const warmupConstant = (step: number, o: { peak: number; warmup: number }): number =>
  step < o.warmup ? (o.peak * step) / o.warmup : o.peak;

/**
 * Linear from initial · peak to peak, hold, exponential decay to final · peak (fairseq's schedule for fine-tuning wav2vec
 * 2.0).
 */
export function triStage(
  step: number,
  o: { peak: number; warmup: number; hold: number; decay: number; initial: number; final: number },
): number {
  if (step < o.warmup) return o.peak * (o.initial + ((1 - o.initial) * step) / o.warmup);
  if (step < o.warmup + o.hold) return o.peak;
  return o.peak * Math.exp(Math.log(o.final) * Math.min(1, (step - o.warmup - o.hold) / o.decay));
}

/** Steps after the warm-up; at least 1, as a run may end within its warm-up and no rate may become NaN. */
const stepsAfterWarmup = ({ warmup, total }: { warmup: number; total: number }): number => Math.max(1, total - warmup);
