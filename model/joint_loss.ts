import type { Tape } from "../engine/tape.ts";
import type { Tensor } from "../engine/tensor.ts";
import { ctcLoss } from "../kernels/ctc_loss/ctc_loss.ts";
import { klDivergence } from "../kernels/kl_divergence/kl_divergence.ts";
import { addScaled } from "../kernels/pointwise/add_scaled.ts";

export interface JointLossConfig {
  /** Weight of the CTC loss of the seed path and of each middle depth. */
  readonly seedWeight: number;
  /** Weight of the self-distillation. */
  readonly klWeight: number;
  readonly temperature: number;
  /** KL(teacher ‖ student), or KL(student ‖ teacher). */
  readonly klDirection: "teacher_to_student" | "student_to_teacher";
  /** Which path teaches. */
  readonly klTeacher: "deep" | "seed";
  /** Through whose posteriors nothing flows back. */
  readonly detach: "teacher" | "student" | "none";
  readonly blank: number;
}

/** Our defaults, not the paper's: its weights, temperature and direction are unknown. */
export const jointLossDefaults: JointLossConfig = {
  seedWeight: 0.25,
  klWeight: 0.1,
  temperature: 2,
  klDirection: "teacher_to_student",
  klTeacher: "deep",
  detach: "teacher",
  blank: 0,
};

export interface JointLossTargets {
  /** i32 `[batch, longest]` */
  readonly targets: Tensor;
  /** i32 `[batch]` */
  readonly targetLengths: Tensor;
  /** i32 `[batch]`: real frames of the logits */
  readonly lengths: Tensor;
}

export interface JointLoss {
  /** One element: what to minimise. */
  readonly total: Tensor;
  /** CTC loss of each path, in the order of the logits. */
  readonly ctc: readonly Tensor[];
  /** KL between the seed path and the deep one; undefined with one path or weight 0. */
  readonly kl: Tensor | undefined;
}

/**
 * L = CTC(deep) + seedWeight · CTC(seed) + klWeight · T² · KL(deep(T) ‖ seed(T)), and for each middle depth the
 * seed's two terms again (the sandwich rule: Yu and Huang, 2019).
 *
 * CTC losses are sums over utterances / batch size; those that cannot be aligned add nothing. KL is summed over the
 * vocabulary and averaged over the real frames of the whole batch.
 *
 * @param logits of the deep path, then the seed path, then any middle depths: `[batch, frames, vocabulary]` each.
 *               One alone gives the plain CTC loss.
 */
export function jointLoss(tape: Tape, logits: readonly Tensor[], batch: JointLossTargets, config: JointLossConfig): JointLoss {
  const [deep, ...shallow] = logits as readonly [Tensor, ...Tensor[]];
  const { lengths, targets, targetLengths } = batch;
  const ctc = logits.map((y) => ctcLoss(tape, y, targets, lengths, targetLengths, { blank: config.blank, reduction: "batch", zeroInfinity: true }));
  let total = ctc[0] as Tensor;
  let kl: Tensor | undefined;
  shallow.forEach((path, i) => {
    if (config.seedWeight !== 0) total = addScaled(tape, total, ctc[i + 1] as Tensor, config.seedWeight);
    if (config.klWeight === 0) return;
    const divergence = distil(tape, deep, path, lengths, config);
    kl ??= divergence;
    total = addScaled(tape, total, divergence, config.klWeight);
  });
  return { total, ctc, kl };
}

/** T² · KL between a deep and a shallow path at temperature T: the gradient's size then hardly depends on T. */
function distil(tape: Tape, deep: Tensor, shallow: Tensor, lengths: Tensor, config: JointLossConfig): Tensor {
  const { temperature, klDirection: direction, klTeacher, detach } = config;
  const [teacher, student] = klTeacher === "deep" ? [deep, shallow] : [shallow, deep];
  return klDivergence(tape, student, teacher, { lengths, temperature, scaleBySquaredTemperature: true, direction, detach, reduction: "frames" });
}
