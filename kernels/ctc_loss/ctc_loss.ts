import { defineKernel, spread } from "../../engine/kernel.ts";
import { expectRank, expectShape, expectType, ShapeError } from "../../engine/shape.ts";
import type { Tape } from "../../engine/tape.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { totalLoss } from "../total_loss.ts";

const logNormaliserKernel = defineKernel({
  file: new URL("./log_normaliser.wgsl", import.meta.url),
  bindings: { logits: "read", input_lengths: "read", log_normaliser: "read_write" },
  sizes: { batch: "u32", frames: "u32", classes: "u32" },
  workgroups: ({ batch, frames }) => spread(batch * frames, 32),
});

const alphaKernel = defineKernel({
  file: new URL("./alpha.wgsl", import.meta.url),
  bindings: { logits: "read", log_normaliser: "read", targets: "read", input_lengths: "read", target_lengths: "read", alpha: "read_write" },
  sizes: { batch: "u32", frames: "u32", classes: "u32", longest: "u32", blank: "i32" },
  workgroups: ({ batch }) => [batch],
});

const lossKernel = defineKernel({
  file: new URL("./loss.wgsl", import.meta.url),
  bindings: {
    alpha: "read", log_normaliser: "read", input_lengths: "read", target_lengths: "read",
    path_loss: "read_write", losses: "read_write", weights: "read_write",
  },
  sizes: { batch: "u32", frames: "u32", longest: "u32", divide_by_labels: "u32", infeasible: "f32" },
  workgroups: ({ batch }) => [Math.ceil(batch / 32)],
});

const dlossKernel = defineKernel({
  file: new URL("./dloss.wgsl", import.meta.url),
  bindings: { dy: "read", normaliser: "read", weights: "read", path_loss: "read", dloss: "read_write" },
  sizes: { batch: "u32", dy_stride: "u32" },
  workgroups: ({ batch }) => [Math.ceil(batch / 32)],
});

const occupancyKernel = defineKernel({
  file: new URL("./occupancy.wgsl", import.meta.url),
  bindings: {
    logits: "read", log_normaliser: "read", targets: "read", input_lengths: "read", target_lengths: "read", alpha: "read",
    beta: "read_write", occupancy: "read_write",
  },
  sizes: { batch: "u32", frames: "u32", classes: "u32", longest: "u32", blank: "i32" },
  workgroups: ({ batch }) => [batch],
});

const backward = defineKernel({
  file: new URL("./backward.wgsl", import.meta.url),
  bindings: {
    logits: "read", log_normaliser: "read", targets: "read", input_lengths: "read", target_lengths: "read",
    occupancy: "read", dloss: "read", dx: "read_write",
  },
  sizes: { batch: "u32", frames: "u32", classes: "u32", longest: "u32", blank: "i32", from_log_probs: "u32" },
  workgroups: ({ batch, frames }) => spread(batch * frames, 16),
});

export interface CtcOptions {
  /** The class that stands for "no label". Default 0. */
  readonly blank?: number;
  /**
   * "none" gives `[batch]`; "sum" adds the utterances up; "batch", the default, divides that by the batch size; "mean"
   * averages each loss divided by its number of labels, as PyTorch does.
   */
  readonly reduction?: "none" | "sum" | "batch" | "mean";
  /** An utterance too short for its text counts as 0 (default), or else as +∞. No gradient flows to it either way. */
  readonly zeroInfinity?: boolean;
  /** `logits` are log-probabilities already, and get the plain derivative -γ. Default false. */
  readonly fromLogProbs?: boolean;
}

/**
 * Connectionist temporal classification: -log of the probability that the frames spell the labels, over all alignments
 * (Graves, Fernández, Gomez, Schmidhuber, 2006). The log-softmax is inside; its gradient comes fused, softmax - γ.
 * A label that is no class makes its utterance infeasible; a logit that is NaN makes the loss NaN. Memory beside the gradient: 2 · batch · frames · (2 · longest + 1).
 *
 * @param logits        `[batch, frames, classes]`
 * @param targets       i32 `[batch, longest]`, whatever beyond the length
 * @param inputLengths  i32 `[batch]`, in frames; what lies beyond is neither read nor given a gradient
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
  const recursion = { batch, frames, classes, longest, blank };

  const logNormaliser = fromLogProbs ? tape.filled([batch, frames], 0) : tape.empty([batch, frames]);
  if (!fromLogProbs) {
    const bindings = { logits, input_lengths: inputLengths, log_normaliser: logNormaliser };
    logNormaliserKernel.encode(tape, bindings, { batch, frames, classes }, {});
  }
  const emissions = { logits, log_normaliser: logNormaliser, targets, ...lengths };
  const alpha = tape.empty([batch, frames, 2 * longest + 1]);
  alphaKernel.encode(tape, { ...emissions, alpha }, recursion, {});

  const pathLoss = tape.empty([batch]);
  const losses = tape.empty([batch]);
  const weights = tape.empty([batch]);
  lossKernel.encode(
    tape,
    { alpha, log_normaliser: logNormaliser, ...lengths, path_loss: pathLoss, losses, weights },
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
    dlossKernel.encode(tape, { dy, normaliser, weights, path_loss: pathLoss, dloss }, { batch, dy_stride: Number(perUtterance) }, {});
    const beta = tape.empty([batch, 2, 2 * longest + 1]);
    const occupancy = tape.like(alpha);
    occupancyKernel.encode(tape, { ...emissions, alpha, beta, occupancy }, recursion, {});
    const dx = tape.like(logits);
    backward.encode(tape, { ...emissions, occupancy, dloss, dx }, { ...recursion, from_log_probs: Number(fromLogProbs) }, {});
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
