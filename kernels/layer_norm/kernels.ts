import type { Device } from "../../engine/device.ts";
import { defineKernel, spread } from "../../engine/kernel/kernel.ts";
import { defineVariants, type VariantDevice } from "../../engine/tuning/variants.ts";

/** As in backward_subgroup_row.wgsl, and CHUNK in backward_params.wgsl: the most rows whose sums one workgroup takes. */
export const MOST_ROWS = 32;

interface Rows {
  readonly rows: number;
  readonly cols: number;
  readonly [other: string]: number;
}

const lanesCover = (cols: number, { features }: VariantDevice): boolean => features.has("subgroups") && cols % 4 === 0;

/**
 * thread_row computes everything, on a GPU where nothing else does. subgroup_row loads four columns at once, and its lanes cover a row of a model's width
 * in a few steps, so that a row of a GPU's whole workgroup gains nothing; of vocabularies there are no layer norms.
 */
const variants = {
  thread_row: { fits: ({ cols }: Rows, device: VariantDevice) => device.isSoftware || !lanesCover(cols, device) },
  subgroup_row: { fits: ({ cols }: Rows, device: VariantDevice) => lanesCover(cols, device) },
};

export const forward = defineVariants("layer_norm", { variants, defaults: () => ["subgroup_row", "thread_row"] });
export const backward = defineVariants("layer_norm_backward", {
  variants,
  defaults: () => ["subgroup_row", "thread_row"],
});

/**
 * Two rows at a time a subgroup. A CPU's has at least four lanes, so that all rows of a workgroup are done at once, or in a few rounds
 * by wider ones; a GPU's 32 lanes make two of them, which do one round: many small workgroups fill it.
 */
const rowsPerGroup = ({ isSoftware }: Pick<Device, "isSoftware">): number => (isSoftware ? 32 : 4);

const forwardDeclaration = {
  bindings: { x: "read", scale: "read", shift: "read", y: "read_write", stats: "read_write" },
  sizes: { rows: "u32", eps: "f32", cols: "u32" },
  constants: ["SILU"],
} as const;

export const forwardKernels = {
  thread_row: defineKernel({
    ...forwardDeclaration,
    file: new URL("./forward_thread_row.wgsl", import.meta.url),
    workgroups: ({ rows }) => spread(rows, 32),
  }),
  subgroup_row: defineKernel({
    ...forwardDeclaration,
    file: new URL("./forward_subgroup_row.wgsl", import.meta.url),
    workgroups: ({ rows }, _, device) => [Math.min(65535, Math.ceil(rows / rowsPerGroup(device)))],
  }),
};

export const backwardSubgroupRow = defineKernel({
  file: new URL("./backward_subgroup_row.wgsl", import.meta.url),
  bindings: {
    x: "read",
    scale: "read",
    shift: "read",
    stats: "read",
    dy: "read",
    dx: "read_write",
    partial: "read_write",
  },
  sizes: { rows: "u32", cols: "u32", chunk: "u32" },
  constants: ["SILU"],
  workgroups: ({ rows, chunk }) => spread(Math.ceil(rows / chunk), 1),
});

export const backwardInput = defineKernel({
  file: new URL("./backward_input.wgsl", import.meta.url),
  bindings: { x: "read", scale: "read", shift: "read", stats: "read", dy: "read", dx: "read_write" },
  sizes: { rows: "u32", cols: "u32" },
  constants: ["SILU"],
  workgroups: ({ rows }) => spread(rows, 32),
});

export const backwardParams = defineKernel({
  file: new URL("./backward_params.wgsl", import.meta.url),
  bindings: { x: "read", scale: "read", shift: "read", stats: "read", dy: "read", partial: "read_write" },
  sizes: { rows: "u32", cols: "u32" },
  constants: ["SILU"],
  workgroups: ({ rows, cols }) => [Math.ceil(cols / 32), Math.ceil(rows / MOST_ROWS)],
});
