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
 * thread_row computes everything; on a GPU it is used only where nothing else fits. subgroup_row loads four columns at once, and its
 * lanes cover a row of a model's width in a few steps, so a whole workgroup per row gains nothing; no layer norm spans a vocabulary.
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
 * Two rows per subgroup at a time. On a CPU it has at least four lanes, so a workgroup does all its rows at once, or in a few rounds if
 * subgroups are wider. On a GPU with 32 lanes a workgroup has two subgroups, which do one round: many small workgroups fill it.
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
