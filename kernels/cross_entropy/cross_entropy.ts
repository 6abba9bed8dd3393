import { defineKernel, spread } from "../../engine/kernel/kernel.ts";
import { expectShape, expectType, rowsAndCols, ShapeError } from "../../engine/shape.ts";
import type { Tape } from "../../engine/tape.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { defineQuadVariants, defineRowVariants, subgroupRows, threadsOfRow, workgroupRows } from "../row_variants.ts";
import { totalLoss } from "../total_loss.ts";

const forwardVariants = defineRowVariants("cross_entropy");

const forwardDeclaration = {
  bindings: {
    logits: "read",
    targets: "read",
    log_normaliser: "read_write",
    losses: "read_write",
    weights: "read_write",
  },
  sizes: { rows: "u32", cols: "u32", on: "f32", off: "f32", constant: "f32" },
} as const;

const forward = {
  thread_row: defineKernel({
    ...forwardDeclaration,
    file: new URL("./forward_thread_row.wgsl", import.meta.url),
    workgroups: ({ rows }) => spread(rows, 32),
  }),
  subgroup_row: defineKernel({
    ...forwardDeclaration,
    file: new URL("./forward_subgroup_row.wgsl", import.meta.url),
    workgroups: ({ rows }) => subgroupRows(rows),
  }),
  workgroup_row: defineKernel({
    ...forwardDeclaration,
    file: new URL("./forward_workgroup_row.wgsl", import.meta.url),
    constants: ["THREADS"],
    workgroups: ({ rows }) => workgroupRows(rows),
  }),
};

const backwardVariants = defineQuadVariants("cross_entropy_backward");

const backwardDeclaration = {
  bindings: {
    logits: "read",
    targets: "read",
    log_normaliser: "read",
    weights: "read",
    normaliser: "read",
    dy: "read",
    dx: "read_write",
  },
  sizes: { rows: "u32", cols: "u32", on: "f32", off: "f32", dy_stride: "u32" },
} as const;

const backward = {
  columns: defineKernel({
    ...backwardDeclaration,
    file: new URL("./backward_columns.wgsl", import.meta.url),
    workgroups: ({ rows }) => spread(rows, 8),
  }),
  quads: defineKernel({
    ...backwardDeclaration,
    file: new URL("./backward_quads.wgsl", import.meta.url),
    workgroups: ({ rows }) => spread(rows, 8),
  }),
};

export interface CrossEntropyOptions {
  /** ε: how much of the target's probability is spread over all classes. Default 0. */
  readonly labelSmoothing?: number;
  /** "mean", the default, is over the valid targets (0 if there are none); "none" has zeros at the others. */
  readonly reduction?: "none" | "sum" | "mean";
}

/**
 * -Σ_k q_k log p_k with p = softmax(logits) and q = (1 - ε) · onehot(target) + ε / classes, PyTorch's smoothing.
 *
 * @param logits  `[…, classes]`
 * @param targets i32 `[…]`; -1, or any other number that is no class, is left out
 * @returns       `[]`, or `[…]` with reduction "none"
 */
export function crossEntropy(tape: Tape, logits: Tensor, targets: Tensor, options: CrossEntropyOptions = {}): Tensor {
  const { labelSmoothing = 0, reduction = "mean" } = options;
  checkSmoothing("crossEntropy", "labelSmoothing", labelSmoothing);
  const off = labelSmoothing / (logits.shape.at(-1) ?? 1);
  return smoothed(tape, "crossEntropy", logits, targets, { on: 1 - labelSmoothing, off, constant: 0 }, reduction);
}

export interface LabelSmoothingOptions {
  /** ε. Default 0.1. */
  readonly smoothing?: number;
  /** Divide the sum by the number of valid targets, or by the first axis, the batch (default, as in ESPnet). */
  readonly normaliseBy?: "tokens" | "batch";
}

/**
 * KL(q ‖ p) with p = softmax(logits) and q = 1 - ε on the target and ε / (classes - 1) on each other class, ESPnet's
 * smoothing. It is zero, not the entropy of q, for the best possible p.
 *
 * @param logits  `[batch, …, classes]`
 * @param targets i32 `[batch, …]`; -1, or any other number that is no class, is left out
 * @returns       `[]`
 */
export function labelSmoothingKl(
  tape: Tape,
  logits: Tensor,
  targets: Tensor,
  options: LabelSmoothingOptions = {},
): Tensor {
  const { smoothing = 0.1, normaliseBy = "batch" } = options;
  checkSmoothing("labelSmoothingKl", "smoothing", smoothing);
  const classes = logits.shape.at(-1) ?? 1;
  if (classes < 2) throw new ShapeError("labelSmoothingKl", "logits", "at least two classes", String(classes));
  const off = smoothing / (classes - 1);
  const constant = timesLog(1 - smoothing) + smoothing * Math.log(off || 1);
  const q = { on: 1 - smoothing - off, off, constant };
  return smoothed(tape, "labelSmoothingKl", logits, targets, q, normaliseBy === "tokens" ? "mean" : "batch");
}

/** q_k = off + on · [k = target]; the loss is constant - Σ_k q_k log p_k. */
interface SmoothedTarget {
  on: number;
  off: number;
  constant: number;
}

function smoothed(
  tape: Tape,
  name: string,
  logits: Tensor,
  targets: Tensor,
  { on, off, constant }: SmoothedTarget,
  reduction: "none" | "sum" | "mean" | "batch",
): Tensor {
  expectType(name, "logits", logits, "f32");
  expectType(name, "targets", targets, "i32");
  const { rows, cols } = rowsAndCols(name, "logits", logits);
  const shape = logits.shape.slice(0, -1);
  expectShape(name, "targets", targets, shape);
  const logNormaliser = tape.empty(shape);
  const losses = tape.empty(shape);
  const weights = tape.empty(shape);
  const results = { logits, targets, log_normaliser: logNormaliser, losses, weights };
  const variant = forwardVariants.choose(tape.device, { rows, cols, strided: false });
  if (variant === "workgroup_row")
    forward[variant].encode(tape, results, { rows, cols, on, off, constant }, { THREADS: threadsOfRow(cols) });
  else forward[variant].encode(tape, results, { rows, cols, on, off, constant }, {});
  const normalise = { factor: reduction === "batch" ? 1 / (shape[0] ?? 1) : 1, mean: reduction === "mean" };
  const perRow = reduction === "none";
  const { total, normaliser } = perRow
    ? { total: losses, normaliser: tape.filled([1], 1) }
    : totalLoss(tape, losses, weights, normalise);
  return tape.record(name, [logits], total, [logits, targets, logNormaliser, weights, normaliser], (dy) => {
    const dx = tape.like(logits);
    const saved = { logits, targets, log_normaliser: logNormaliser, weights, normaliser };
    backward[backwardVariants.choose(tape.device, { rows, cols })].encode(
      tape,
      { ...saved, dy, dx },
      { rows, cols, on, off, dy_stride: Number(perRow) },
      {},
    );
    return [dx];
  });
}

function checkSmoothing(name: string, argument: string, value: number): void {
  if (!(value >= 0 && value <= 1)) throw new ShapeError(name, argument, "a number from 0 to 1", String(value));
}

/** p · log p, with its limit 0 at 0. */
const timesLog = (p: number): number => (p === 0 ? 0 : p * Math.log(p));
