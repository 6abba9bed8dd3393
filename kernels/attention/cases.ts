import type { CaseInput, KernelCase, OperationCases } from "../case.ts";
import { attention } from "./attention.ts";
import { attentionGradients, attentionReference, type AttentionInputs } from "./reference.ts";

interface Sizes {
  readonly batch: number;
  readonly heads: number;
  readonly queries: number;
  /** Default: `queries`. */
  readonly keys?: number;
  readonly width: number;
}

interface Options {
  readonly relative?: boolean;
  readonly causal?: boolean;
  readonly mask?: CaseInput;
  /** Element i of the queries and of the keys; default: standard normal numbers. */
  readonly values?: { readonly q: (i: number) => number; readonly k: (i: number) => number };
  /** Rate of the dropout of the weights. */
  readonly rate?: number;
  readonly half?: boolean;
  readonly benchmark?: boolean;
}

function attentionCase(name: string, sizes: Sizes, settings: Options = {}): KernelCase {
  const { relative = false, causal = false, mask, values, rate = 0, half = false, benchmark = false } = settings;
  const { batch, heads, queries, keys = queries, width } = sizes;
  const dim = heads * width;
  const positions = { p: { shape: [2 * keys - 1, dim] }, u: { shape: [heads, width] }, v: { shape: [heads, width] } };
  const options = { heads, causal };
  const site = 5;
  const reference = { ...options, dropout: { rate, seed: 0, step: 0, site } }; // seed and step of a tape without options
  return {
    name,
    inputs: {
      q: { shape: [batch, queries, dim], ...(values ? { value: values.q } : {}) },
      k: { shape: [batch, keys, dim], ...(values ? { value: values.k } : {}) },
      value: { shape: [batch, keys, dim] },
      ...(relative ? positions : {}),
      ...(mask ? { mask } : {}),
    },
    run: (tape, { q, k, value, mask, p, u, v }) =>
      attention(tape, q!, k!, value!, {
        ...options,
        mask,
        dropout: { rate, site },
        ...(relative ? { relative: { positions: p!, contentBias: u!, positionBias: v! } } : {}),
      }),
    reference: (inputs) => attentionReference(inputs as unknown as AttentionInputs, reference),
    referenceGradients: (inputs, dy) => attentionGradients(inputs as unknown as AttentionInputs, dy, reference),
    // Products with keys, values and positions: each (query, key) pair is one dot product of `width`.
    flops: 2 * batch * queries * keys * dim * (relative ? 3 : 2),
    bytes: 4 * (2 * batch * (queries + keys) * dim + (relative ? (2 * keys + 1) * dim : 0)),
    ...(half ? { half: ["q", "k", "value", ...(relative ? ["p"] : [])] } : {}),
    benchmark,
  };
}

/** Masks the keys beyond each utterance's length. */
const padding = (lengths: readonly number[], keys: number): CaseInput => ({
  shape: [lengths.length, 1, 1, keys],
  dtype: "u32",
  value: (i) => (i % keys < lengths[Math.floor(i / keys)]! ? 1 : 0),
});

/** Each query may attend to about two thirds of the keys, different ones in each head; the very first query to none. */
const scattered = (shape: readonly [number, number, number, number]): CaseInput => ({
  shape,
  dtype: "u32",
  value: (i) => (i < shape[3] || (i * 7 + Math.floor(i / shape[3])) % 3 === 0 ? 0 : 1),
});

/** Every score is over 100, where exp overflows in float32, but they differ by little and are exact in float32. */
const largeScores = {
  q: (i: number): number => 8 + ((i * 7) % 5) - 2,
  k: (i: number): number => 8 + (((i * 5) % 7) - 3) / 8,
};

export const cases: OperationCases = {
  operation: "attention",
  cases: [
    attentionCase("plain", { batch: 2, heads: 3, queries: 7, width: 5 }),
    attentionCase("one of each", { batch: 1, heads: 1, queries: 1, width: 1 }),
    attentionCase("cross attention over tiles", { batch: 1, heads: 2, queries: 19, keys: 35, width: 34 }),
    attentionCase(
      "padded keys",
      { batch: 3, heads: 2, queries: 6, keys: 9, width: 4 },
      { mask: padding([9, 1, 5], 9), half: true },
    ),
    attentionCase("causal", { batch: 2, heads: 1, queries: 18, width: 3 }, { causal: true }),
    attentionCase(
      "causal, padded",
      { batch: 2, heads: 2, queries: 5, width: 4 },
      { causal: true, mask: padding([3, 5], 5) },
    ),
    attentionCase(
      "a mask for each head",
      { batch: 2, heads: 3, queries: 5, width: 2 },
      { mask: scattered([2, 3, 5, 5]) },
    ),
    attentionCase(
      "a mask for all heads",
      { batch: 2, heads: 2, queries: 4, keys: 6, width: 3 },
      { mask: scattered([2, 1, 4, 6]) },
    ),
    attentionCase(
      "an utterance without keys",
      { batch: 2, heads: 2, queries: 4, width: 4 },
      { mask: padding([0, 4], 4) },
    ),
    attentionCase(
      "scores beyond the range of exp",
      { batch: 1, heads: 2, queries: 6, width: 4 },
      { values: largeScores },
    ),
    attentionCase("relative", { batch: 2, heads: 3, queries: 7, width: 5 }, { relative: true }),
    attentionCase("relative, one frame", { batch: 2, heads: 2, queries: 1, width: 4 }, { relative: true }),
    attentionCase("relative, two frames", { batch: 2, heads: 2, queries: 2, width: 3 }, { relative: true }),
    attentionCase("relative over tiles", { batch: 2, heads: 1, queries: 35, width: 34 }, { relative: true }),
    attentionCase(
      "relative, padded",
      { batch: 3, heads: 2, queries: 9, width: 6 },
      { relative: true, mask: padding([9, 0, 4], 9), half: true },
    ),
    attentionCase(
      "one head, long keys",
      { batch: 1, heads: 1, queries: 5, keys: 130, width: 8 },
      { mask: padding([101], 130) },
    ),
    attentionCase("one more than a tile", { batch: 1, heads: 1, queries: 17, keys: 33, width: 33 }),
    attentionCase("wide heads", { batch: 1, heads: 2, queries: 3, keys: 5, width: 130 }),
    attentionCase(
      "causal over tiles, more keys than queries",
      { batch: 1, heads: 1, queries: 34, keys: 70, width: 5 },
      { causal: true },
    ),
    attentionCase(
      "relative, one head, long",
      { batch: 1, heads: 1, queries: 70, width: 5 },
      { relative: true, mask: scattered([1, 1, 70, 70]) },
    ),
    attentionCase(
      "relative, wide heads",
      { batch: 2, heads: 1, queries: 18, width: 128 },
      { relative: true, causal: true },
    ),
    attentionCase(
      "relative, scores beyond the range of exp",
      { batch: 1, heads: 2, queries: 6, width: 4 },
      { relative: true, values: largeScores },
    ),
    attentionCase("relative, causal", { batch: 1, heads: 2, queries: 6, width: 4 }, { relative: true, causal: true }),
    attentionCase(
      "dropout, cross attention over tiles",
      { batch: 2, heads: 2, queries: 19, keys: 35, width: 34 },
      { rate: 0.3 },
    ),
    attentionCase(
      "dropout, causal, padded",
      { batch: 2, heads: 2, queries: 18, width: 4 },
      { rate: 0.5, causal: true, mask: padding([11, 18], 18), half: true },
    ),
    attentionCase(
      "dropout, relative over tiles",
      { batch: 3, heads: 2, queries: 35, width: 6 },
      { rate: 0.2, relative: true, mask: padding([35, 0, 20], 35), half: true },
    ),
    attentionCase(
      "dropout, relative, wide heads",
      { batch: 2, heads: 1, queries: 18, width: 128 },
      { rate: 0.1, relative: true, causal: true },
    ),
    attentionCase("plain 8 x 100, 4 heads x 64", { batch: 8, heads: 4, queries: 100, width: 64 }, { benchmark: true }),
    attentionCase(
      "relative 8 x 100, 4 heads x 64",
      { batch: 8, heads: 4, queries: 100, width: 64 },
      { relative: true, benchmark: true },
    ),
    attentionCase(
      "relative 8 x 100, 4 heads x 64, dropout",
      { batch: 8, heads: 4, queries: 100, width: 64 },
      { relative: true, rate: 0.1, benchmark: true },
    ),
  ],
};
