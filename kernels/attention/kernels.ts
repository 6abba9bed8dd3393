import { defineKernel, type Workgroups } from "../../engine/kernel/kernel.ts";

const file = (name: string): URL => new URL(`./${name}.wgsl`, import.meta.url);

const sizes = {
  batch: "u32",
  heads: "u32",
  queries: "u32",
  keys: "u32",
  width: "u32",
  scale: "f32",
  causal: "u32",
  masked: "u32",
  mask_batch: "u32",
  mask_head: "u32",
  mask_query: "u32",
  prefix: "u32",
  first: "u32",
  threshold: "u32",
  factor: "f32",
} as const;
const inputs = { q: "read", k: "read", value: "read", p: "read", biases: "read", mask: "read" } as const;
const gradients = { ...inputs, dy: "read", stats: "read" } as const;

type Dispatched = Readonly<Record<keyof typeof sizes, number>>;
type Constants = Readonly<Record<string, number | boolean>>;

/** How a design tiles its work: rows of a tile (queries, keys or positions), and columns of a chunk. */
interface Tiles {
  readonly rows: number;
  readonly columns: (constants: Constants) => number;
  /** Constants of its shaders besides the common ones. */
  readonly constants: readonly string[];
}

/** Multiply-adds of `products` products: of queries or positions with keys, or of weights with values. */
const workOf =
  (products: number) =>
  ({ batch, heads, queries, keys, width }: Dispatched): number =>
    products * batch * heads * queries * keys * width;

/** The four kernels of a design, `<name>_forward.wgsl` and so on: designs differ in how they work, not in their bindings. */
function designKernels(name: string, { rows, columns, constants }: Tiles) {
  const groups = (count: number, width: number, layers: number, given: Constants): Workgroups => [
    Math.ceil(count / rows),
    Math.ceil(width / (columns(given) * Number(given.CHUNKS))),
    layers,
  ];
  const overQueries = ({ batch, heads, queries, width }: Dispatched, given: Constants): Workgroups =>
    groups(queries, width, batch * heads, given);
  return {
    forward: defineKernel({
      file: file(`${name}_forward`),
      bindings: { ...inputs, y: "read_write", lse: "read_write" },
      sizes,
      work: workOf(3),
      constants: ["CHUNKS", "RELATIVE", "DROPOUT", ...constants],
      workgroups: overQueries,
    }),
    backwardQuery: defineKernel({
      file: file(`${name}_backward_query`),
      bindings: { ...gradients, dq: "read_write" },
      sizes,
      work: workOf(4),
      constants: ["CHUNKS", "RELATIVE", "DROPOUT", ...constants],
      workgroups: overQueries,
    }),
    backwardKeyValue: defineKernel({
      file: file(`${name}_backward_key_value`),
      bindings: { ...gradients, stats: "read_write", dk: "read_write", dvalue: "read_write" },
      sizes,
      work: workOf(5),
      constants: ["CHUNKS", "RELATIVE", "DROPOUT", ...constants],
      workgroups: ({ batch, heads, keys, width }, given) => groups(keys, width, batch * heads, given),
    }),
    backwardPosition: defineKernel({
      file: file(`${name}_backward_position`),
      bindings: { ...gradients, partial: "read_write", position_sums: "read_write" },
      sizes: { ...sizes, utterances: "u32" },
      work: workOf(4),
      constants: ["CHUNKS", "DROPOUT", ...constants],
      workgroups: ({ batch, heads, keys, width, utterances }, given) =>
        groups(2 * keys - 1, width, heads * Math.ceil(batch / utterances), given),
    }),
  };
}

export const subgroupKernels = designKernels("subgroup", {
  rows: 16,
  columns: ({ LANES }) => 4 * Number(LANES),
  constants: ["LANES"],
});
export const workgroupKernels = designKernels("workgroup", { rows: 32, columns: () => 32, constants: ["UNROLL"] });

export const packBiasesKernel = defineKernel({
  file: file("pack_biases"),
  bindings: { u: "read", v: "read", biases: "read_write" },
  sizes: { count: "u32" },
  workgroups: ({ count }) => [Math.min(65535, Math.ceil(count / 64))],
});

export const deltaKernel = defineKernel({
  file: file("delta"),
  bindings: { y: "read", dy: "read", lse: "read", stats: "read_write" },
  sizes: { batch: "u32", heads: "u32", queries: "u32", width: "u32" },
  workgroups: ({ batch, heads, queries }) => [Math.ceil((heads * queries) / 32), batch],
});

export const weightedRowsKernel = defineKernel({
  file: file("weighted_rows"),
  bindings: { weights: "read", x: "read", partial: "read_write" },
  sizes: { heads: "u32", rows: "u32", width: "u32", x_layer: "u32", layers: "u32", offset: "u32", part: "u32" },
  workgroups: ({ heads, width, rows, layers, part }) => [
    Math.ceil((heads * width) / 32),
    layers * Math.ceil(rows / part),
  ],
});

export const sumChunksKernel = defineKernel({
  file: file("sum_chunks"),
  bindings: { partial: "read", dp: "read_write" },
  sizes: { chunks: "u32", count: "u32" },
  workgroups: ({ count }) => [Math.min(65535, Math.ceil(count / 256))],
});
