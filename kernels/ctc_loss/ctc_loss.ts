import { expectRank, expectShape, expectType, ShapeError } from "../../engine/shape.ts";
import type { Tape } from "../../engine/tape.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { totalLoss } from "../total_loss.ts";
import {
  alphaLoop,
  alphaThreadPair,
  backward,
  backwardSubgroupRow,
  backwardThreadRow,
  dlossKernel,
  labelPositions,
  logNormaliser,
  logNormaliserKernels,
  loopThreads,
  lossKernel,
  occupancyLoop,
  occupancyThreadPair,
  recursion,
  threadsFor,
} from "./kernels.ts";

export interface CtcOptions {
  /** The class that stands for "no label". Default 0. */
  readonly blank?: number;
  /**
   * "none" gives `[batch]`; "sum" adds up the utterances; "batch", the default, divides that by the batch size; "mean"
   * averages each loss divided by its number of labels, as PyTorch does.
   */
  readonly reduction?: "none" | "sum" | "batch" | "mean";
  /** The loss of an utterance too short for its text is 0 (default), or else +∞. It gets no gradient either way. */
  readonly zeroInfinity?: boolean;
  /** `logits` are log-probabilities already, and get the plain derivative -γ. Default false. */
  readonly fromLogProbs?: boolean;
}

/**
 * Connectionist temporal classification: -log of the probability that the frames spell the labels, over all alignments
 * (Graves, Fernández, Gomez, Schmidhuber, 2006). The log-softmax is included, with the fused gradient softmax - γ.
 * A label that is no class makes its utterance infeasible; a logit that is NaN makes the loss NaN. Memory besides the gradient: 2 · batch · frames · (2 · longest + 1).
 *
 * @param logits        `[batch, frames, classes]`
 * @param targets       i32 `[batch, longest]`, arbitrary beyond the length
 * @param inputLengths  i32 `[batch]`, in frames; frames beyond are not read and get no gradient
 * @param targetLengths i32 `[batch]`
 * @returns             `[]`, or `[batch]` with reduction "none"; natural logarithm
 */
export function ctcLoss(
  tape: Tape,
  logits: Tensor,
  targets: Tensor,
  inputLengths: Tensor,
  targetLengths: Tensor,
  { blank = 0, reduction = "batch", zeroInfinity = true, fromLogProbs = false }: CtcOptions = {},
): Tensor {
  const [batch, frames, classes, longest] = checkShapes(logits, targets, inputLengths, targetLengths, blank);
  const lengths = { input_lengths: inputLengths, target_lengths: targetLengths };
  const all = { batch, frames, classes, longest, blank };
  const variant = recursion.choose(tape.device, { batch, frames, longest });
  const THREADS = variant === "loop" ? loopThreads(tape.device) : threadsFor(longest);

  const rows = { rows: batch * frames, classes };
  const normalisers = fromLogProbs ? tape.filled([batch, frames], 0) : tape.empty([batch, frames]);
  if (!fromLogProbs) {
    const bindings = { logits, input_lengths: inputLengths, log_normaliser: normalisers };
    logNormaliserKernels[logNormaliser.choose(tape.device, rows)].encode(
      tape,
      bindings,
      { batch, frames, classes },
      {},
    );
  }
  const emissions = { logits, log_normaliser: normalisers, targets, ...lengths };
  const alpha = tape.empty([batch, frames, 2 * longest + 1]);
  if (variant === "loop") alphaLoop.encode(tape, { ...emissions, alpha }, all, { THREADS });
  else alphaThreadPair.encode(tape, { ...emissions, alpha }, all, { THREADS });

  const pathLoss = tape.empty([batch]);
  const losses = tape.empty([batch]);
  const weights = tape.empty([batch]);
  lossKernel.encode(
    tape,
    { alpha, log_normaliser: normalisers, ...lengths, path_loss: pathLoss, losses, weights },
    { batch, frames, longest, divide_by_labels: Number(reduction === "mean"), infeasible: zeroInfinity ? 0 : Infinity },
    {},
  );
  const perUtterance = reduction === "none";
  const { total, normaliser } = perUtterance
    ? { total: losses, normaliser: tape.filled([1], 1) }
    : totalLoss(tape, losses, weights, { factor: reduction === "sum" ? 1 : 1 / batch });

  const saved = [...Object.values(emissions), alpha, pathLoss, weights, normaliser];
  return tape.record("ctcLoss", [logits], total, saved, (dy) => {
    const dloss = tape.empty([batch]);
    dlossKernel.encode(
      tape,
      { dy, normaliser, weights, path_loss: pathLoss, dloss },
      { batch, dy_stride: Number(perUtterance) },
      {},
    );
    const occupancy = tape.like(alpha);
    if (variant === "loop") {
      const beta = tape.empty([batch, 2, 2 * longest + 1]);
      occupancyLoop.encode(tape, { ...emissions, alpha, beta, occupancy }, all, { THREADS });
    } else {
      occupancyThreadPair.encode(tape, { ...emissions, alpha, occupancy }, all, { THREADS });
    }
    const dx = tape.like(logits);
    const sizes = { ...all, from_log_probs: Number(fromLogProbs) };
    if (backward.choose(tape.device, rows) === "subgroup_row") {
      const first = tape.empty([batch, classes], "u32");
      const next = tape.empty([batch, longest], "u32");
      labelPositions.encode(
        tape,
        { targets, target_lengths: targetLengths, first, next },
        { batch, classes, longest },
        {},
      );
      const bindings = { logits, log_normaliser: normalisers, first, next, ...lengths, occupancy, dloss, dx };
      backwardSubgroupRow.encode(tape, bindings, sizes, {});
    } else {
      backwardThreadRow.encode(tape, { ...emissions, occupancy, dloss, dx }, sizes, {});
    }
    return [dx];
  });
}

function checkShapes(logits: Tensor, targets: Tensor, inputLengths: Tensor, targetLengths: Tensor, blank: number) {
  expectRank("ctcLoss", "logits", logits, 3);
  const [batch, frames, classes] = logits.shape as [number, number, number];
  expectType("ctcLoss", "logits", logits, "f32");
  expectType("ctcLoss", "targets", targets, "i32");
  expectShape("ctcLoss", "targets", targets, [batch, null]);
  for (const [name, lengths] of Object.entries({ inputLengths, targetLengths })) {
    expectType("ctcLoss", name, lengths, "i32");
    expectShape("ctcLoss", name, lengths, [batch]);
  }
  if (batch === 0) throw new ShapeError("ctcLoss", "logits", "at least one utterance", "none");
  if (!Number.isInteger(blank) || blank < 0 || blank >= classes)
    throw new ShapeError("ctcLoss", "blank", `a class below ${classes}`, String(blank));
  return [batch, frames, classes, targets.shape[1] as number] as const;
}
