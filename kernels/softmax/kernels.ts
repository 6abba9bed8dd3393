import { defineKernel, spread } from "../../engine/kernel/kernel.ts";
import type { Tape } from "../../engine/tape.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { defineRowVariants, subgroupRows, threadsOfRow, workgroupRows } from "../row_variants.ts";
import type { MaskLayout } from "./broadcast_strides.ts";

const forwardVariants = defineRowVariants("softmax");
const backwardVariants = defineRowVariants("softmax_backward");

const strided = { rows: "u32", cols: "u32", inner: "u32" } as const;
const laidOut = {
  rows: "u32",
  cols: "u32",
  second: "u32",
  third: "u32",
  stride_0: "u32",
  stride_1: "u32",
  stride_2: "u32",
  stride_3: "u32",
} as const;
const forwardBindings = { x: "read", mask: "read", y: "read_write" } as const;
const backwardBindings = { y: "read", dy: "read", dx: "read_write" } as const;

const forward = {
  thread_row: defineKernel({
    file: new URL("./forward_thread_row.wgsl", import.meta.url),
    bindings: { x: "read", y: "read_write" },
    sizes: strided,
    constants: ["LOG"],
    workgroups: ({ rows }) => spread(rows, 32),
  }),
  masked_thread_row: defineKernel({
    file: new URL("./masked_forward_thread_row.wgsl", import.meta.url),
    bindings: forwardBindings,
    sizes: laidOut,
    constants: ["LOG"],
    workgroups: ({ rows }) => spread(rows, 32),
  }),
  subgroup_row: defineKernel({
    file: new URL("./forward_subgroup_row.wgsl", import.meta.url),
    bindings: forwardBindings,
    sizes: laidOut,
    constants: ["LOG", "MASKED"],
    workgroups: ({ rows }) => subgroupRows(rows),
  }),
  workgroup_row: defineKernel({
    file: new URL("./forward_workgroup_row.wgsl", import.meta.url),
    bindings: forwardBindings,
    sizes: laidOut,
    constants: ["LOG", "MASKED", "THREADS"],
    workgroups: ({ rows }) => workgroupRows(rows),
  }),
};

const backward = {
  thread_row: defineKernel({
    file: new URL("./backward_thread_row.wgsl", import.meta.url),
    bindings: backwardBindings,
    sizes: strided,
    constants: ["LOG", "MASKED"],
    workgroups: ({ rows }) => spread(rows, 32),
  }),
  subgroup_row: defineKernel({
    file: new URL("./backward_subgroup_row.wgsl", import.meta.url),
    bindings: backwardBindings,
    sizes: { rows: "u32", cols: "u32" },
    constants: ["LOG", "MASKED"],
    workgroups: ({ rows }) => subgroupRows(rows),
  }),
  workgroup_row: defineKernel({
    file: new URL("./backward_workgroup_row.wgsl", import.meta.url),
    bindings: backwardBindings,
    sizes: { rows: "u32", cols: "u32" },
    constants: ["LOG", "MASKED", "THREADS"],
    workgroups: ({ rows }) => workgroupRows(rows),
  }),
};

/** The rows of a tensor seen as `[outer, cols, inner]`. */
export interface RowSizes {
  readonly rows: number;
  readonly cols: number;
  readonly inner: number;
}

/** A mask with its layout; only for rows whose inner is 1. */
export interface Masking extends MaskLayout {
  readonly mask: Tensor;
}

/** Dummies, not read, where there is no mask. */
const UNMASKED: MaskLayout = { second: 1, third: 1, stride_0: 0, stride_1: 0, stride_2: 0, stride_3: 0 };

/** y = softmax of x along its rows, or the logarithm. */
export function encodeForward(
  tape: Tape,
  x: Tensor,
  y: Tensor,
  { rows, cols, inner }: RowSizes,
  LOG: boolean,
  masking?: Masking,
): void {
  const variant = forwardVariants.choose(tape.device, { rows, cols, strided: inner !== 1 });
  if (variant === "thread_row" && !masking)
    return forward.thread_row.encode(tape, { x, y }, { rows, cols, inner }, { LOG });
  const { mask, ...layout } = masking ?? { mask: tape.empty([4], "u32"), ...UNMASKED };
  const sizes = { rows, cols, ...layout };
  const MASKED = masking !== undefined;
  if (variant === "thread_row") forward.masked_thread_row.encode(tape, { x, mask, y }, sizes, { LOG });
  else if (variant === "subgroup_row") forward.subgroup_row.encode(tape, { x, mask, y }, sizes, { LOG, MASKED });
  else forward.workgroup_row.encode(tape, { x, mask, y }, sizes, { LOG, MASKED, THREADS: threadsOfRow(cols) });
}

/** dx from y and dy; with MASKED, positions at -∞ of a logarithm do not count. */
export function encodeBackward(
  tape: Tape,
  y: Tensor,
  dy: Tensor,
  dx: Tensor,
  { rows, cols, inner }: RowSizes,
  LOG: boolean,
  MASKED: boolean,
): void {
  const variant = backwardVariants.choose(tape.device, { rows, cols, strided: inner !== 1 });
  if (variant === "thread_row") backward.thread_row.encode(tape, { y, dy, dx }, { rows, cols, inner }, { LOG, MASKED });
  else if (variant === "subgroup_row")
    backward.subgroup_row.encode(tape, { y, dy, dx }, { rows, cols }, { LOG, MASKED });
  else backward.workgroup_row.encode(tape, { y, dy, dx }, { rows, cols }, { LOG, MASKED, THREADS: threadsOfRow(cols) });
}
