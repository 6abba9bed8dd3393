import { defineKernel, spread } from "../../engine/kernel/kernel.ts";
import { defineVariants, type VariantDevice } from "../../engine/tuning/variants.ts";

interface Rows {
  readonly [name: string]: number;
  readonly rows: number;
  readonly classes: number;
}

const lanesCover = (classes: number, { features }: VariantDevice): boolean =>
  features.has("subgroups") && classes % 4 === 0;

/** subgroup_row has lanes along the classes, four each; thread_row does everything, but on a GPU only what nothing else does. */
const variants = {
  thread_row: { fits: ({ classes }: Rows, device: VariantDevice) => device.isSoftware || !lanesCover(classes, device) },
  subgroup_row: { fits: ({ classes }: Rows, device: VariantDevice) => lanesCover(classes, device) },
};
export const logNormaliser = defineVariants("ctc_loss_normaliser", {
  variants,
  defaults: () => ["subgroup_row", "thread_row"],
});
export const backward = defineVariants("ctc_loss_backward", {
  variants,
  defaults: () => ["subgroup_row", "thread_row"],
});

/** One subgroup per row and 64 threads per workgroup: the wider the subgroups, the more rows each loops over. */
const subgroupRows = ({ batch, frames }: { batch: number; frames: number }) =>
  [Math.min(65535, Math.ceil((batch * frames) / 8))] as const;

const normaliserDeclaration = {
  bindings: { logits: "read", input_lengths: "read", log_normaliser: "read_write" },
  sizes: { batch: "u32", frames: "u32", classes: "u32" },
} as const;

export const logNormaliserKernels = {
  thread_row: defineKernel({
    ...normaliserDeclaration,
    file: new URL("./log_normaliser_thread_row.wgsl", import.meta.url),
    workgroups: ({ batch, frames }) => spread(batch * frames, 32),
  }),
  subgroup_row: defineKernel({
    ...normaliserDeclaration,
    file: new URL("./log_normaliser_subgroup_row.wgsl", import.meta.url),
    workgroups: subgroupRows,
  }),
};

interface Recursion {
  readonly [name: string]: number;
  readonly batch: number;
  readonly frames: number;
  readonly longest: number;
}

const threadsSuffice = ({ longest }: Recursion, { limits }: VariantDevice): boolean =>
  longest < Math.min(256, limits.maxComputeInvocationsPerWorkgroup);

/** thread_pair has a thread per label and one more; loop takes texts of any length, but on a GPU only those too long for thread_pair. */
const recursionVariants = {
  loop: { fits: (sizes: Recursion, device: VariantDevice) => device.isSoftware || !threadsSuffice(sizes, device) },
  thread_pair: { fits: threadsSuffice },
};
export const recursion = defineVariants("ctc_loss_recursion", {
  variants: recursionVariants,
  defaults: (_, { isSoftware }) => (isSoftware ? ["loop"] : ["thread_pair", "loop"]),
});

/** Threads of thread_pair: a few sizes, so that few pipelines are compiled. */
export const threadsFor = (longest: number): number => [32, 64, 128].find((threads) => longest < threads) ?? 256;

/** Threads of loop: one SIMD vector on a CPU. */
export const loopThreads = ({ isSoftware }: Pick<VariantDevice, "isSoftware">): number => (isSoftware ? 8 : 256);

const recursionSizes = { batch: "u32", frames: "u32", classes: "u32", longest: "u32", blank: "i32" } as const;
const emissions = {
  logits: "read",
  log_normaliser: "read",
  targets: "read",
  input_lengths: "read",
  target_lengths: "read",
} as const;
const perUtterance = ({ batch }: { batch: number }) => [batch] as const;

export const alphaLoop = defineKernel({
  file: new URL("./alpha_loop.wgsl", import.meta.url),
  bindings: { ...emissions, alpha: "read_write" },
  sizes: recursionSizes,
  constants: ["THREADS"],
  workgroups: perUtterance,
});

export const alphaThreadPair = defineKernel({
  file: new URL("./alpha_thread_pair.wgsl", import.meta.url),
  bindings: { ...emissions, alpha: "read_write" },
  sizes: recursionSizes,
  constants: ["THREADS"],
  workgroups: perUtterance,
});

export const occupancyLoop = defineKernel({
  file: new URL("./occupancy_loop.wgsl", import.meta.url),
  bindings: { ...emissions, alpha: "read", beta: "read_write", occupancy: "read_write" },
  sizes: recursionSizes,
  constants: ["THREADS"],
  workgroups: perUtterance,
});

export const occupancyThreadPair = defineKernel({
  file: new URL("./occupancy_thread_pair.wgsl", import.meta.url),
  bindings: { ...emissions, alpha: "read", occupancy: "read_write" },
  sizes: recursionSizes,
  constants: ["THREADS"],
  workgroups: perUtterance,
});

export const lossKernel = defineKernel({
  file: new URL("./loss.wgsl", import.meta.url),
  bindings: {
    alpha: "read",
    log_normaliser: "read",
    input_lengths: "read",
    target_lengths: "read",
    path_loss: "read_write",
    losses: "read_write",
    weights: "read_write",
  },
  sizes: { batch: "u32", frames: "u32", longest: "u32", divide_by_labels: "u32", infeasible: "f32" },
  workgroups: ({ batch }) => [Math.ceil(batch / 32)],
});

export const dlossKernel = defineKernel({
  file: new URL("./dloss.wgsl", import.meta.url),
  bindings: { dy: "read", normaliser: "read", weights: "read", path_loss: "read", dloss: "read_write" },
  sizes: { batch: "u32", dy_stride: "u32" },
  workgroups: ({ batch }) => [Math.ceil(batch / 32)],
});

export const labelPositions = defineKernel({
  file: new URL("./label_positions.wgsl", import.meta.url),
  bindings: { targets: "read", target_lengths: "read", first: "read_write", next: "read_write" },
  sizes: { batch: "u32", classes: "u32", longest: "u32" },
  workgroups: ({ batch, classes, longest }) => spread(batch * (classes + longest), 64),
});

const backwardSizes = {
  batch: "u32",
  frames: "u32",
  classes: "u32",
  longest: "u32",
  blank: "i32",
  from_log_probs: "u32",
} as const;

export const backwardThreadRow = defineKernel({
  file: new URL("./backward_thread_row.wgsl", import.meta.url),
  bindings: {
    logits: "read",
    log_normaliser: "read",
    targets: "read",
    input_lengths: "read",
    target_lengths: "read",
    occupancy: "read",
    dloss: "read",
    dx: "read_write",
  },
  sizes: backwardSizes,
  workgroups: ({ batch, frames }) => spread(batch * frames, 16),
});

export const backwardSubgroupRow = defineKernel({
  file: new URL("./backward_subgroup_row.wgsl", import.meta.url),
  bindings: {
    logits: "read",
    log_normaliser: "read",
    first: "read",
    next: "read",
    input_lengths: "read",
    target_lengths: "read",
    occupancy: "read",
    dloss: "read",
    dx: "read_write",
  },
  sizes: backwardSizes,
  workgroups: subgroupRows,
});
