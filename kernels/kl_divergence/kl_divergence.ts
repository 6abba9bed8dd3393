import { defineKernel, spread } from "../../engine/kernel/kernel.ts";
import { expectRank, expectShape, expectType, ShapeError } from "../../engine/shape.ts";
import type { Tape } from "../../engine/tape.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { defineQuadVariants, defineRowVariants, subgroupRows, threadsOfRow, workgroupRows } from "../row_variants.ts";
import { totalLoss } from "../total_loss.ts";

const forwardVariants = defineRowVariants("kl_divergence");

const forwardDeclaration = {
  bindings: {
    p_logits: "read",
    q_logits: "read",
    lengths: "read",
    log_normalisers: "read_write",
    divergences: "read_write",
    weights: "read_write",
  },
  sizes: { batch: "u32", frames: "u32", classes: "u32", inverse_temperature: "f32" },
} as const;

const forward = {
  thread_row: defineKernel({
    ...forwardDeclaration,
    file: new URL("./forward_thread_row.wgsl", import.meta.url),
    workgroups: ({ batch, frames }) => spread(batch * frames, 32),
  }),
  subgroup_row: defineKernel({
    ...forwardDeclaration,
    file: new URL("./forward_subgroup_row.wgsl", import.meta.url),
    workgroups: ({ batch, frames }) => subgroupRows(batch * frames),
  }),
  workgroup_row: defineKernel({
    ...forwardDeclaration,
    file: new URL("./forward_workgroup_row.wgsl", import.meta.url),
    constants: ["THREADS"],
    workgroups: ({ batch, frames }) => workgroupRows(batch * frames),
  }),
};

const backwardVariants = defineQuadVariants("kl_divergence_backward");

const backwardDeclaration = {
  bindings: {
    p_logits: "read",
    q_logits: "read",
    log_normalisers: "read",
    divergences: "read",
    weights: "read",
    normaliser: "read",
    dy: "read",
    dx: "read_write",
  },
  sizes: { rows: "u32", classes: "u32", inverse_temperature: "f32" },
  constants: ["TO_P"],
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

export interface KlDivergenceOptions {
  /** i32 `[batch]`: the real frames of each utterance. Default all. */
  readonly lengths?: Tensor | undefined;
  /** Both sides are softmaxes of logits / temperature. Default 1. */
  readonly temperature?: number;
  /** Multiply by temperature², so that gradients keep their size (Hinton, Vinyals, Dean, 2015). Default false. */
  readonly scaleBySquaredTemperature?: boolean;
  /** "teacher_to_student" is KL(teacher ‖ student), the default; the other is KL(student ‖ teacher). */
  readonly direction?: "teacher_to_student" | "student_to_teacher";
  /** The side that gets no gradient. Default the teacher. */
  readonly detach?: "teacher" | "student" | "none";
  /** "frames", the default, is the mean over the real frames; "batch" the sum divided by the batch size. */
  readonly reduction?: "frames" | "batch" | "sum";
}

/**
 * KL divergence between the class distributions of two logit tensors, frame by frame. The number of real frames
 * is summed on the device.
 *
 * @param student `[batch, frames, classes]`
 * @param teacher same shape
 * @returns       `[]`
 */
export function klDivergence(tape: Tape, student: Tensor, teacher: Tensor, options: KlDivergenceOptions = {}): Tensor {
  const { temperature = 1, scaleBySquaredTemperature = false, reduction = "frames" } = options;
  const { direction = "teacher_to_student", detach = "teacher" } = options;
  expectRank("klDivergence", "student", student, 3);
  expectShape("klDivergence", "teacher", teacher, student.shape);
  expectType("klDivergence", "student", student, "f32");
  expectType("klDivergence", "teacher", teacher, "f32");
  if (!(temperature > 0)) throw new ShapeError("klDivergence", "temperature", "a positive number", String(temperature));
  const [batch, frames, classes] = student.shape as [number, number, number];
  const lengths = options.lengths ?? tape.upload(new Int32Array(batch).fill(frames), [batch]);
  expectType("klDivergence", "lengths", lengths, "i32");
  expectShape("klDivergence", "lengths", lengths, [batch]);

  const studentSide = detach === "student" ? tape.detach(student) : student;
  const teacherSide = detach === "teacher" ? tape.detach(teacher) : teacher;
  const [p, q] = direction === "teacher_to_student" ? [teacherSide, studentSide] : [studentSide, teacherSide];
  const logNormalisers = tape.empty([batch, frames, 2]);
  const divergences = tape.empty([batch, frames]);
  const weights = tape.empty([batch, frames]);
  const inverse = { inverse_temperature: 1 / temperature };
  const results = { p_logits: p, q_logits: q, lengths, log_normalisers: logNormalisers, divergences, weights };
  const sizes = { batch, frames, classes, ...inverse };
  const variant = forwardVariants.choose(tape.device, { rows: batch * frames, cols: classes, strided: false });
  if (variant === "workgroup_row") forward[variant].encode(tape, results, sizes, { THREADS: threadsOfRow(classes) });
  else forward[variant].encode(tape, results, sizes, {});
  const squared = scaleBySquaredTemperature ? temperature ** 2 : 1;
  const { total, normaliser } = totalLoss(tape, divergences, weights, {
    factor: reduction === "batch" ? squared / batch : squared,
    mean: reduction === "frames",
  });
  return tape.record("klDivergence", [p, q], total, [p, q, logNormalisers, divergences, weights, normaliser], (dy) => {
    const side = (x: Tensor, toP: boolean): Tensor | undefined => {
      if (!x.needsGrad) return undefined;
      const dx = tape.like(x);
      const saved = { p_logits: p, q_logits: q, log_normalisers: logNormalisers, divergences, weights, normaliser };
      const variant = backwardVariants.choose(tape.device, { rows: batch * frames, cols: classes });
      backward[variant].encode(
        tape,
        { ...saved, dy, dx },
        { rows: batch * frames, classes, ...inverse },
        { TO_P: toP },
      );
      return dx;
    };
    return [side(p, true), side(q, false)];
  });
}
