import type { Tape } from "../engine/tape.ts";
import type { Tensor } from "../engine/tensor.ts";
import { ctcLoss } from "../kernels/ctc_loss/ctc_loss.ts";
import { klDivergence } from "../kernels/kl_divergence/kl_divergence.ts";
import { addScaled } from "../kernels/pointwise/add_scaled.ts";
import { scale } from "../kernels/pointwise/unary.ts";

export interface JointLossConfig {
  /** Weight of the CTC loss of the seed path and of each middle depth. */
  readonly seedWeight: number;
  /** Weight of the self-distillation term. */
  readonly klWeight: number;
  readonly temperature: number;
  /** KL(teacher ‖ student), or KL(student ‖ teacher). */
  readonly klDirection: "teacher_to_student" | "student_to_teacher";
  /** Which path is the teacher. */
  readonly klTeacher: "deep" | "seed";
  /** Whose posteriors get no gradient. */
  readonly detach: "teacher" | "student" | "none";
  readonly blank: number;
}

/** Our own defaults: the paper's weights, temperature and direction are unknown. */
export const jointLossDefaults: JointLossConfig = {
  seedWeight: 0.25,
  klWeight: 0.1,
  temperature: 2,
  klDirection: "teacher_to_student",
  klTeacher: "deep",
  detach: "teacher",
  blank: 0,
};

/** A path's terms in the joint loss. */
export interface PathTerms {
  /** Weight of its CTC loss. */
  readonly ctcWeight: number;
  /** Whether to add klWeight times the divergence between it and the deep path, which comes first. */
  readonly distilled: boolean;
}

/** The terms of a deep path, a seed path and any middle depths, as in the first formula of `jointLoss`. */
export const sandwichTerms = ({ seedWeight }: Pick<JointLossConfig, "seedWeight">, paths: number): PathTerms[] =>
  Array.from({ length: paths }, (_, path) =>
    path === 0 ? { ctcWeight: 1, distilled: false } : { ctcWeight: seedWeight, distilled: true },
  );

export interface JointLossTargets {
  /** i32 `[batch, longest]` */
  readonly targets: Tensor;
  /** i32 `[batch]` */
  readonly targetLengths: Tensor;
  /** i32 `[batch]`: real frames of the logits */
  readonly lengths: Tensor;
}

export interface JointLoss {
  /** The scalar to minimise. */
  readonly total: Tensor;
  /** CTC loss of each path, in the order of the logits. */
  readonly ctc: readonly Tensor[];
  /** T² · KL between the first distilled path (the seed) and the deep path; undefined with one path or weight 0. */
  readonly kl: Tensor | undefined;
}

/**
 * L = CTC(deep) + seedWeight · CTC(seed) + klWeight · T² · KL(deep(T) ‖ seed(T)), with the seed's two terms again for each middle
 * depth (the sandwich rule: Yu and Huang, 2019). With explicit terms
 *
 * L = Σ ctcWeight(path) · CTC(path) + klWeight · T² · Σ KL(deep(T) ‖ path(T)) over the distilled paths.
 *
 * CTC losses are sums over utterances / batch size; utterances that cannot be aligned add nothing. KL is summed over the
 * vocabulary and averaged over the real frames of the whole batch.
 *
 * @param logits of the deep path, the seed path, then any middle depths: `[batch, frames, vocabulary]` each. A single path gives
 *               the plain CTC loss.
 * @param terms  of each path, in the order of the logits; at least one weight must be above 0
 */
export function jointLoss(
  tape: Tape,
  logits: readonly Tensor[],
  batch: JointLossTargets,
  config: JointLossConfig,
  terms: readonly PathTerms[] = sandwichTerms(config, logits.length),
): JointLoss {
  const { lengths, targets, targetLengths } = batch;
  const ctc = logits.map((y) =>
    ctcLoss(tape, y, targets, lengths, targetLengths, { blank: config.blank, reduction: "batch", zeroInfinity: true }),
  );
  let total: Tensor | undefined;
  const add = (term: Tensor, weight: number): void => {
    if (weight !== 0)
      total = total ? addScaled(tape, total, term, weight) : weight === 1 ? term : scale(tape, term, weight);
  };
  let kl: Tensor | undefined;
  terms.forEach(({ ctcWeight, distilled }, i) => {
    add(ctc[i] as Tensor, ctcWeight);
    if (!distilled || config.klWeight === 0) return;
    const divergence = distil(tape, logits[0] as Tensor, logits[i] as Tensor, lengths, config);
    kl ??= divergence;
    add(divergence, config.klWeight);
  });
  if (!total || terms.length !== logits.length)
    throw new Error(
      `jointLoss: expected ${logits.length} terms, one per path and at least one with a weight above 0, got ${JSON.stringify(terms)}`,
    );
  return { total, ctc, kl };
}

/** T² · KL between a deep and a shallow path at temperature T. The factor T² makes the gradient's size nearly independent of T. */
function distil(tape: Tape, deep: Tensor, shallow: Tensor, lengths: Tensor, config: JointLossConfig): Tensor {
  const { temperature, klDirection: direction, klTeacher, detach } = config;
  const [teacher, student] = klTeacher === "deep" ? [deep, shallow] : [shallow, deep];
  return klDivergence(tape, student, teacher, {
    lengths,
    temperature,
    scaleBySquaredTemperature: true,
    direction,
    detach,
    reduction: "frames",
  });
}
