import { readdirSync, readFileSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import { expandIncludes } from "../../../engine/kernel/includes.ts";
import { findRaces, type RaceCase } from "./race_check.ts";
import { emulateSubgroupMatrices } from "../products/subgroup_matrix_emulation.ts";

const root = new URL("../../../", import.meta.url);

/** The interpreter knows neither subgroup matrices nor f16; which thread touches what is the same with arrays and f32. */
function shader(label: string): string {
  const code = expandIncludes(new URL(`${label}.wgsl`, root), (file) => readFileSync(file, "utf8"));
  if (!code.includes("subgroup_matrix")) return code;
  // A block's first sums, of its first columns, are enough to see races, in a fraction of the time.
  return emulateSubgroupMatrices(code)
    .replace("enable f16;", "")
    .replaceAll("f16", "f32")
    .replaceAll("times(8u)", "1u")
    .replaceAll("times(16u)", "2u");
}
const BARRIER = /(workgroup|storage)Barrier\(\);/;

const ctcSizes = { batch: 2, frames: 4, classes: 3, longest: 2, blank: 0 };
const ctcInputs = {
  logits: 24,
  log_normaliser: 8,
  targets: [1, 1, 2, 0],
  input_lengths: [4, 3],
  target_lengths: [2, 1],
  alpha: 40,
};
const product = (transposed: boolean, constants: RaceCase["constants"] = {}, inner = 20): RaceCase => ({
  sizes: {
    rows: 8,
    cols: 12,
    inner,
    size0: 1,
    size1: 1,
    size2: 1,
    a0: 0,
    a1: 0,
    a2: 0,
    b0: 0,
    b1: 0,
    b2: 0,
    splits: 1,
    chunk: inner,
    stride_a: transposed ? 8 : inner,
    accumulate: 0,
  },
  constants: { TRANSPOSE_A: transposed, TRANSPOSE_B: transposed, ...constants },
  buffers: { a: 8 * inner, b: 12 * inner, bias: 12, y: 96, pre: 96 },
  workgroups: [1, 1, 1],
});

/** 20 images of one place, one tap: the interpreter neither wraps u32 nor cuts quotients of vectors to whole numbers. */
const convolution = (constants: RaceCase["constants"], sizes: RaceCase["sizes"] = {}): RaceCase => ({
  sizes: {
    batch: 20,
    height: 1,
    width: 1,
    channels: 20,
    out_height: 1,
    out_width: 1,
    outs: 20,
    kernel_height: 1,
    kernel_width: 1,
    stride: 1,
    padding_height: 0,
    padding_width: 0,
    dilation: 1,
    groups: 1,
    has_bias: 1,
    relu: 1,
    chunk: 20,
    ...sizes,
  },
  ...(constants && { constants }),
  buffers: { source: 400, weight: 400, bias: 20, result: 400, x: 400, dy: 400, partial: 400 },
  workgroups: [1, 1, 1],
});

/** Two tiles of keys, queries and positions, two steps of features; the same with dropout, which takes no barrier. */
const attentionCases = (...given: Parameters<typeof attentionCase>): RaceCase[] => {
  const [constants, ...rest] = given;
  return [false, true].map((dropout) => attentionCase({ ...constants, DROPOUT: dropout }, ...rest));
};

const attentionCase = (
  constants: RaceCase["constants"],
  more: Record<string, number> = {},
  outputs: Record<string, number> = {},
): RaceCase => ({
  sizes: {
    batch: 1,
    heads: 1,
    queries: 33,
    keys: 33,
    width: 9,
    scale: 1,
    causal: 0,
    masked: 0,
    mask_batch: 0,
    mask_head: 0,
    mask_query: 0,
    prefix: 1,
    first: 0,
    threshold: 0x800000,
    factor: 2,
    ...more,
  },
  constants: { CHUNKS: 1, ...constants },
  buffers: { q: 297, k: 297, value: 297, p: 585, biases: 18, mask: 1, dy: 297, lse: 33, stats: 99, ...outputs },
  workgroups: [1, 1, 1],
});

/** Small cases of the kernels whose threads meet at barriers. Threads of a subgroup need none, so matmul/subgroup_tile is not here. */
const cases: Record<string, RaceCase[]> = {
  "kernels/total_loss": [
    {
      sizes: { count: 70, factor: 1, mean: 1 },
      buffers: { losses: 70, weights: 70, total: 1, normaliser: 1 },
      workgroups: [1, 1, 1],
    },
  ],
  "kernels/partial_sums_shared": [
    {
      sizes: { chunks: 9, stride: 5, offset: 1, count: 2, more_count: 2 },
      buffers: { partial: 45, total: 2, more: 2 },
      workgroups: [1, 1, 1],
    },
  ],
  "kernels/grad_norm/partial_squares": [
    { sizes: { count: 70, offset: 0 }, buffers: { grads: 72, partial: 1 }, workgroups: [1, 1, 1] },
  ],
  "kernels/grad_norm/norm": [{ sizes: { count: 70 }, buffers: { partial: 70, norm: 1 }, workgroups: [1, 1, 1] }],
  "kernels/conv2d/workgroup_tile": [
    convolution({ TILE: 64, BACKWARD: false }),
    convolution({ TILE: 64, BACKWARD: true }),
  ],
  "kernels/conv2d/workgroup_tile_any": [convolution({ BACKWARD: false }), convolution({ BACKWARD: true })],
  "kernels/conv2d/workgroup_tile_params": [convolution({ TILE: 64 })],
  "kernels/conv2d/workgroup_tile_params_any": [convolution({}, { channels: 1, height: 20, kernel_height: 20 })],
  "kernels/attention/workgroup_forward": attentionCases({ RELATIVE: true }, {}, { y: 297 }),
  "kernels/attention/workgroup_backward_query": attentionCases({ RELATIVE: true }, {}, { dq: 297 }),
  "kernels/attention/workgroup_backward_key_value": attentionCases({ RELATIVE: true }, {}, { dk: 297, dvalue: 297 }),
  "kernels/attention/workgroup_backward_position": attentionCases(
    {},
    { utterances: 1 },
    { partial: 585, position_sums: 65 },
  ),
  "kernels/cumulative_sum/workgroup_line": [
    { sizes: { lines: 2, count: 65, inner: 1 }, buffers: { x: 130, y: 130 }, workgroups: [2, 1, 1] },
  ],
  "kernels/ctc_loss/alpha_loop": [{ sizes: ctcSizes, buffers: ctcInputs, workgroups: [2, 1, 1] }],
  "kernels/ctc_loss/alpha_thread_pair": [
    { sizes: ctcSizes, constants: { THREADS: 4 }, buffers: ctcInputs, workgroups: [2, 1, 1] },
  ],
  "kernels/ctc_loss/occupancy_loop": [
    { sizes: ctcSizes, buffers: { ...ctcInputs, beta: 20, occupancy: 40 }, workgroups: [2, 1, 1] },
  ],
  "kernels/ctc_loss/occupancy_thread_pair": [
    { sizes: ctcSizes, constants: { THREADS: 4 }, buffers: { ...ctcInputs, occupancy: 40 }, workgroups: [2, 1, 1] },
  ],
  "kernels/softmax/forward_workgroup_row": [
    {
      sizes: {
        rows: 2,
        cols: 7,
        second: 1,
        third: 1,
        stride_0: 0,
        stride_1: 0,
        stride_2: 0,
        stride_3: 0,
        minus_infinity: -Infinity,
      },
      constants: { THREADS: 4 },
      buffers: { x: 14, mask: 4, y: 14 },
      workgroups: [2, 1, 1],
    },
  ],
  "kernels/softmax/backward_workgroup_row": [
    {
      sizes: { rows: 2, cols: 7 },
      constants: { THREADS: 4 },
      buffers: { y: 14, dy: 14, dx: 14 },
      workgroups: [2, 1, 1],
    },
  ],
  "kernels/cross_entropy/forward_workgroup_row": [
    {
      sizes: { rows: 2, cols: 7, on: 0.9, off: 0.01, constant: 0 },
      constants: { THREADS: 4 },
      buffers: { logits: 14, targets: [3, -1], log_normaliser: 2, losses: 2, weights: 2 },
      workgroups: [2, 1, 1],
    },
  ],
  "kernels/kl_divergence/forward_workgroup_row": [
    {
      sizes: { batch: 1, frames: 2, classes: 7, inverse_temperature: 1 },
      constants: { THREADS: 4 },
      buffers: { p_logits: 14, q_logits: 14, lengths: [1], log_normalisers: 4, divergences: 2, weights: 2 },
      workgroups: [2, 1, 1],
    },
  ],
  "kernels/depthwise_conv/slide_shared": [
    {
      sizes: { batch: 1, frames: 9, channels: 3, kernel: 3, has_bias: 1, has_lengths: 0 },
      buffers: { x: 27, weight: 9, bias: 3, lengths: 1, y: 27 },
      workgroups: [1, 1, 1],
    },
  ],
  "kernels/layer_norm/backward_subgroup_row": [
    {
      sizes: { rows: 5, cols: 8, chunk: 4 },
      buffers: { x: 40, scale: 8, shift: 8, stats: 10, dy: 40, dx: 40, partial: 32 },
      workgroups: [2, 1, 1],
    },
  ],
  "kernels/matmul/subgroup_matrix": [product(false, { TILE: 64 }, 36)],
  "kernels/matmul/workgroup_tile": [product(false, { TILE: 64 }), product(true, { TILE: 64 })],
  "kernels/matmul/workgroup_tile_any": [product(false), product(true)],
};

const withBarriers = readdirSync(new URL("kernels/", root), { recursive: true, encoding: "utf8" })
  .map((path) => `kernels/${path.replaceAll("\\", "/")}`)
  .filter((path) => path.endsWith(".wgsl") && !path.includes("/parts/"))
  .map((path) => path.slice(0, -".wgsl".length))
  .filter((label) => BARRIER.test(shader(label)) || shader(label).includes("var<workgroup>"));

// The interpreter leaves the event loop no turn in a minute, after which the runner takes this file for hung.
afterEach(() => new Promise((resolve) => void setImmediate(resolve)));

describe("threads of a workgroup", () => {
  it("every kernel with barriers or workgroup memory has a case here", () => {
    expect(Object.keys(cases).sort()).toEqual(withBarriers.sort());
  });

  for (const [label, labelCases] of Object.entries(cases)) {
    it(`do not race in ${label}`, () => {
      for (const raceCase of labelCases) expect(findRaces(label, shader(label), raceCase)).toEqual([]);
    });

    it(`would race in ${label} without any one of its barriers`, () => {
      const code = shader(label);
      for (const { index, 0: barrier } of code.matchAll(new RegExp(BARRIER, "g"))) {
        const without = code.slice(0, index) + code.slice(index + barrier.length);
        expect(findRaces(label, without, labelCases[0]!), `without the barrier at ${index}`).not.toEqual([]);
      }
    });
  }

  it("race in a small shader once its barrier is removed", () => {
    const code = shader("test/engine/kernel/shaders/reversed");
    const reversed: RaceCase = { buffers: { x: 8, y: 8 }, workgroups: [1, 1, 1] };
    expect(findRaces("reversed", code, reversed)).toEqual([]);
    expect(findRaces("reversed", code.replace("workgroupBarrier();", ""), reversed).join()).toMatch(/shared_x/);
  });
});
