import { defineKernel, spread } from "../../engine/kernel.ts";

const file = (name: string): URL => new URL(`./${name}.wgsl`, import.meta.url);

/** Threads of 4 x 4 results in workgroups of 8 x 4. */
const tiles = (columns: number, rows: number, layers: number): [number, number, number] => [Math.ceil(columns / 32), Math.ceil(rows / 16), layers];

export const scoresKernel = defineKernel({
  file: file("scores"),
  bindings: { q: "read", k: "read", p: "read", u: "read", v: "read", scores: "read_write" },
  sizes: { batch: "u32", heads: "u32", queries: "u32", keys: "u32", width: "u32", scale: "f32" },
  constants: ["RELATIVE"],
  workgroups: ({ batch, heads, queries, keys }) => tiles(keys, queries, batch * heads),
});

export const softmaxKernel = defineKernel({
  file: file("softmax"),
  bindings: { mask: "read", weights: "read_write" },
  sizes: { rows: "u32", heads: "u32", queries: "u32", keys: "u32", mask_batch: "u32", mask_head: "u32", mask_query: "u32" },
  constants: ["HAS_MASK", "CAUSAL"],
  workgroups: ({ rows }) => spread(rows, 32),
});

export const valuesKernel = defineKernel({
  file: file("values"),
  bindings: { weights: "read", value: "read", y: "read_write" },
  sizes: { batch: "u32", heads: "u32", queries: "u32", keys: "u32", width: "u32" },
  workgroups: ({ batch, heads, queries, width }) => tiles(width, queries, batch * heads),
});

export const backwardScoresKernel = defineKernel({
  file: file("backward_scores"),
  bindings: { weights: "read", value: "read", y: "read", dy: "read", ds: "read_write" },
  sizes: { batch: "u32", heads: "u32", queries: "u32", keys: "u32", width: "u32", scale: "f32" },
  workgroups: ({ batch, heads, queries, keys }) => tiles(keys, queries, batch * heads),
});

export const backwardQueryKernel = defineKernel({
  file: file("backward_query"),
  bindings: { ds: "read", k: "read", p: "read", dcontent: "read_write", dposition: "read_write" },
  sizes: { batch: "u32", heads: "u32", queries: "u32", keys: "u32", width: "u32" },
  constants: ["RELATIVE"],
  workgroups: ({ batch, heads, queries, width }) => tiles(width, queries, batch * heads),
});

export const backwardKeyValueKernel = defineKernel({
  file: file("backward_key_value"),
  bindings: { ds: "read", weights: "read", q: "read", u: "read", dy: "read", dk: "read_write", dvalue: "read_write" },
  sizes: { batch: "u32", heads: "u32", queries: "u32", keys: "u32", width: "u32" },
  constants: ["RELATIVE"],
  workgroups: ({ batch, heads, keys, width }) => tiles(width, keys, batch * heads),
});

export const backwardPositionKernel = defineKernel({
  file: file("backward_position"),
  bindings: { ds: "read", q: "read", v: "read", dp: "read_write" },
  sizes: { batch: "u32", heads: "u32", frames: "u32", width: "u32" },
  workgroups: ({ heads, frames, width }) => tiles(width, 2 * frames - 1, heads),
});

export const backwardBiasesKernel = defineKernel({
  file: file("backward_biases"),
  bindings: { dcontent: "read", dposition: "read", du: "read_write", dv: "read_write" },
  sizes: { rows: "u32", dim: "u32" },
  workgroups: ({ dim }) => [Math.ceil(dim / 8)],
});
