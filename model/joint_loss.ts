import type { Tape } from "../engine/tape.ts";
import type { Tensor } from "../engine/tensor.ts";
import { labelSmoothingKl } from "../kernels/cross_entropy/cross_entropy.ts";
import { ctcLoss } from "../kernels/ctc_loss/ctc_loss.ts";
import { klDivergence } from "../kernels/kl_divergence/kl_divergence.ts";
import { addScaled } from "../kernels/pointwise/add_scaled.ts";
import { scale } from "../kernels/pointwise/unary.ts";

export interface JointLossConfig {
  /** Weight of the loss of the seed path and of each middle depth: α_p in the paper. */
  readonly seedWeight: number;
  /** Weight of the self-distillation term: α_KL in the paper. */
  readonly klWeight: number;
  readonly temperature: number;
  /** KL(teacher ‖ student), or KL(student ‖ teacher). */
  readonly klDirection: "teacher_to_student" | "student_to_teacher";
  /** Which path is the teacher. */
  readonly klTeacher: "deep" | "seed";
  /** Whose posteriors get no gradient. */
  readonly detach: "teacher" | "student" | "none";
  /** Whose posteriors are distilled: CTC's, frame by frame, the decoder's, token by token, or both. */
  readonly klOf: "ctc" | "attention" | "both";
  /** The mean over the real frames or tokens of the batch, or their sum divided by the batch size. */
  readonly klReduction: "frames" | "batch";
  /** λ, the share of CTC in the loss of a path that has a decoder too. */
  readonly ctcWeight: number;
  /** ε of the decoder's targets. */
  readonly labelSmoothing: number;
  readonly blank: number;
  /**
   * Factors of the two divergences, where the batch is only a part of the one that means are taken over: its part of the whole
   * batch's frames (tokens), divided by its part of the utterances. Default 1.
   */
  readonly klFactors?: { readonly ctc: number; readonly attention: number } | undefined;
}

/** The weights of the paper's Conformer. It mentions no temperature, and does not say whose posteriors are distilled, nor over what. */
export const jointLossDefaults: JointLossConfig = {
  seedWeight: 0.25,
  klWeight: 0.1,
  temperature: 1,
  klDirection: "teacher_to_student",
  klTeacher: "deep",
  detach: "teacher",
  klOf: "ctc",
  klReduction: "frames",
  ctcWeight: 0.3,
  labelSmoothing: 0.1,
  blank: 0,
};

/** A path's terms in the joint loss. */
export interface PathTerms {
  /** Weight of its loss. */
  readonly weight: number;
  /** Whether to add klWeight times the divergence between it and the deep path, which comes first. */
  readonly distilled: boolean;
}

/** The terms of a deep path, a seed path and any middle depths, as in the first formula of `jointLoss`. */
export const sandwichTerms = ({ seedWeight }: Pick<JointLossConfig, "seedWeight">, paths: number): PathTerms[] =>
  Array.from({ length: paths }, (_, path) =>
    path === 0 ? { weight: 1, distilled: false } : { weight: seedWeight, distilled: true },
  );

/** What a model says of the deep path, the seed path, then any middle depths. */
export interface PathLogits {
  /** CTC's, `[batch, frames, vocabulary]` each */
  readonly logits: readonly Tensor[];
  /** The decoder's, `[batch, tokens, vocabulary]` each; undefined without a decoder */
  readonly decoded?: readonly Tensor[] | undefined;
}

export interface JointLossTargets {
  /** i32 `[batch, longest]` */
  readonly targets: Tensor;
  /** i32 `[batch]` */
  readonly targetLengths: Tensor;
  /** i32 `[batch]`: real frames of CTC's logits */
  readonly lengths: Tensor;
  /** For a decoder, as `decoderTokens` makes them. */
  readonly tokens?: TokenTargets | undefined;
}

export interface TokenTargets {
  /** i32 `[batch, tokens]`: labels, the sentence's end, then -1 */
  readonly outputs: Tensor;
  /** i32 `[batch]`: labels and the end */
  readonly lengths: Tensor;
}

export interface JointLoss {
  /** The scalar to minimise. */
  readonly total: Tensor;
  /** CTC loss of each path, in the order of the logits. */
  readonly ctc: readonly Tensor[];
  /** The decoder's loss of each path; undefined without a decoder. */
  readonly attention: readonly Tensor[] | undefined;
  /** L of each path: its CTC loss, or with a decoder both, weighted. */
  readonly losses: readonly Tensor[];
  /** T² · KL between the first distilled path (the seed) and the deep path, CTC's and the decoder's; undefined if it is in no term. */
  readonly kl: Tensor | undefined;
  readonly klAttention: Tensor | undefined;
}

/**
 * L = L(deep) + seedWeight · L(seed) + klWeight · T² · KL(deep(T) ‖ seed(T)), with the seed's two terms again for each middle
 * depth (the sandwich rule: Yu and Huang, 2019). With explicit terms
 *
 * L = Σ weight(path) · L(path) + klWeight · T² · Σ KL(deep(T) ‖ path(T)) over the distilled paths.
 *
 * L(path) is the CTC loss, or with a decoder (1 - λ) · L_attention + λ · L_ctc (Li et al., 2025, equations 1 to 4). Both are sums
 * over utterances / batch size; utterances that CTC cannot align add nothing to its. L_attention is ESPnet's: the divergence of
 * the decoder's posteriors from smoothed targets. KL is summed over the vocabulary; with `klOf` "both" it is the sum of CTC's and
 * the decoder's.
 *
 * @param output a single path gives its plain loss
 * @param terms  of each path, in the order of the logits; at least one weight must be above 0
 */
export function jointLoss(
  tape: Tape,
  output: PathLogits,
  batch: JointLossTargets,
  config: JointLossConfig,
  terms: readonly PathTerms[] = sandwichTerms(config, output.logits.length),
): JointLoss {
  const ctc = output.logits.map((logits) =>
    ctcLoss(tape, logits, batch.targets, batch.lengths, batch.targetLengths, {
      blank: config.blank,
      reduction: "batch",
      zeroInfinity: true,
    }),
  );
  const attention = attentionLosses(tape, output, batch, config);
  const losses = ctc.map((loss, path) =>
    attention ? mix(tape, attention[path] as Tensor, loss, config.ctcWeight) : loss,
  );
  let total: Tensor | undefined;
  const add = (term: Tensor, weight: number): void => {
    if (weight !== 0)
      total = total ? addScaled(tape, total, term, weight) : weight === 1 ? term : scale(tape, term, weight);
  };
  let first: Divergences | undefined;
  terms.forEach(({ weight, distilled }, path) => {
    add(losses[path] as Tensor, weight);
    if (!distilled || config.klWeight === 0) return;
    const divergences = distil(tape, output, path, batch, config);
    first ??= divergences;
    for (const divergence of Object.values(divergences)) if (divergence) add(divergence, config.klWeight);
  });
  if (!total || terms.length !== losses.length)
    throw new Error(
      `jointLoss: expected ${losses.length} terms, one per path and at least one with a weight above 0, got ${JSON.stringify(terms)}`,
    );
  return { total, ctc, attention, losses, kl: first?.ctc, klAttention: first?.attention };
}

function attentionLosses(
  tape: Tape,
  { decoded }: PathLogits,
  { tokens }: JointLossTargets,
  { klOf, labelSmoothing }: JointLossConfig,
): Tensor[] | undefined {
  if (decoded && !tokens)
    throw new Error("jointLoss: a decoder's logits need batch.tokens, as decoderTokens makes them");
  if (!decoded && klOf !== "ctc") throw new Error(`jointLoss: klOf '${klOf}' needs the logits of a decoder`);
  return decoded?.map((logits) =>
    labelSmoothingKl(tape, logits, (tokens as TokenTargets).outputs, { smoothing: labelSmoothing }),
  );
}

/** (1 - λ) · attention + λ · ctc. */
const mix = (tape: Tape, attention: Tensor, ctc: Tensor, lambda: number): Tensor =>
  addScaled(tape, scale(tape, attention, 1 - lambda), ctc, lambda);

interface Divergences {
  readonly ctc: Tensor | undefined;
  readonly attention: Tensor | undefined;
}

/** T² · KL between the deep path and another one at temperature T. The factor T² makes the gradient's size nearly independent of T. */
function distil(
  tape: Tape,
  { logits, decoded }: PathLogits,
  path: number,
  { lengths, tokens }: JointLossTargets,
  config: JointLossConfig,
): Divergences {
  const { temperature, klDirection: direction, klTeacher, detach, klOf, klReduction: reduction } = config;
  const { klFactors = { ctc: 1, attention: 1 } } = config;
  const between = (of: readonly Tensor[], lengthsOf: Tensor, factor: number): Tensor => {
    const [deep, shallow] = [of[0] as Tensor, of[path] as Tensor];
    const [teacher, student] = klTeacher === "deep" ? [deep, shallow] : [shallow, deep];
    const divergence = klDivergence(tape, student, teacher, {
      lengths: lengthsOf,
      temperature,
      scaleBySquaredTemperature: true,
      direction,
      detach,
      reduction,
    });
    return factor === 1 ? divergence : scale(tape, divergence, factor);
  };
  return {
    ctc: klOf === "attention" ? undefined : between(logits, lengths, klFactors.ctc),
    attention:
      klOf === "ctc" || !decoded || !tokens ? undefined : between(decoded, tokens.lengths, klFactors.attention),
  };
}
