import { sumOfTwo } from "../../engine/accumulate.ts";
import { expectRank, expectShape, expectType, ShapeError, showShape } from "../../engine/shape.ts";
import type { Tape } from "../../engine/tape.ts";
import type { Tensor } from "../../engine/tensor.ts";
import {
  backwardBiasesKernel,
  backwardKeyValueKernel,
  backwardPositionKernel,
  backwardQueryKernel,
  backwardScoresKernel,
  scoresKernel,
  softmaxKernel,
  valuesKernel,
} from "./kernels.ts";

export interface AttentionOptions {
  readonly heads: number;
  /** u32, broadcast to `[batch, heads, queries, keys]`; 1 = may attend. The keys axis must be there in full. */
  readonly mask?: Tensor | undefined;
  /** Hides every key after the query. */
  readonly causal?: boolean;
  /** Relative positions, for self-attention. */
  readonly relative?: RelativePositions;
}

export interface RelativePositions {
  /** `[2 · frames - 1, heads · width]`: the projected encodings of the distances frames - 1, …, -(frames - 1). */
  readonly positions: Tensor;
  /** `[heads, width]`, added to the queries that meet keys: u in Transformer-XL. */
  readonly contentBias: Tensor;
  /** `[heads, width]`, added to the queries that meet positions: v in Transformer-XL. */
  readonly positionBias: Tensor;
}

/**
 * Multi-head attention, softmax(scores) · value in each head, where the scores are q · k / √width or, with relative
 * positions, ((q + u) · k + (q + v) · p) / √width (Dai et al., "Transformer-XL", 2019, as in the Conformer).
 * Heads are slices of the last axis, so nothing is transposed. A query that may attend nowhere gets zeros.
 *
 * @param q     `[batch, queries, heads · width]`
 * @param k     `[batch, keys, heads · width]`
 * @param value `[batch, keys, heads · width]`
 * @returns     `[batch, queries, heads · width]`
 */
export function attention(tape: Tape, q: Tensor, k: Tensor, value: Tensor, options: AttentionOptions): Tensor {
  const sizes = checkSizes(q, k, value, options);
  const { batch, heads, queries, keys, width } = sizes;
  const { mask, causal = false, relative } = options;
  const RELATIVE = relative !== undefined;
  // A kernel's bindings must all be there, also those that a constant switches off.
  const absent = tape.empty([1]);
  const p = relative?.positions ?? absent;
  const u = relative?.contentBias ?? absent;
  const v = relative?.positionBias ?? absent;
  const scale = 1 / Math.sqrt(width);

  const weights = tape.empty([batch, heads, queries, keys]);
  scoresKernel.encode(tape, { q, k, p, u, v, scores: weights }, { ...sizes, scale }, { RELATIVE });
  const rows = batch * heads * queries;
  softmaxKernel.encode(
    tape,
    { mask: mask ?? tape.empty([1], "u32"), weights },
    { rows, heads, queries, keys, ...maskStrides(mask, sizes) },
    { HAS_MASK: mask !== undefined, CAUSAL: causal },
  );
  const y = tape.like(q);
  valuesKernel.encode(tape, { weights, value, y }, sizes, {});

  const inputs = relative ? [q, k, value, p, u, v] : [q, k, value];
  return tape.record("attention", inputs, y, [...inputs, weights, y, absent], (dy) => {
    const ds = tape.like(weights);
    backwardScoresKernel.encode(tape, { weights, value, y, dy, ds }, { ...sizes, scale }, {});
    const dk = tape.like(k);
    const dvalue = tape.like(value);
    backwardKeyValueKernel.encode(tape, { ds, weights, q, u, dy, dk, dvalue }, sizes, { RELATIVE });
    const dcontent = tape.like(q);
    const dposition = relative ? tape.like(q) : tape.empty([1]);
    backwardQueryKernel.encode(tape, { ds, k, p, dcontent, dposition }, sizes, { RELATIVE });
    if (!relative) return [dcontent, dk, dvalue];

    const dq = tape.like(q);
    sumOfTwo(tape, dcontent, dposition, dq);
    if (u.needsGrad || v.needsGrad) {
      const biases = { du: tape.gradientOf(u), dv: tape.gradientOf(v) };
      backwardBiasesKernel.encode(tape, { dcontent, dposition, ...biases }, { rows: batch * queries, dim: heads * width }, {});
    }
    const dp = p.needsGrad ? tape.like(p) : undefined;
    if (dp) backwardPositionKernel.encode(tape, { ds, q, v, dp }, { batch, heads, frames: queries, width }, {});
    return [dq, dk, dvalue, dp, undefined, undefined];
  });
}

interface AttentionSizes {
  readonly batch: number;
  readonly heads: number;
  readonly queries: number;
  readonly keys: number;
  readonly width: number;
}

function checkSizes(q: Tensor, k: Tensor, value: Tensor, { heads, mask, relative }: AttentionOptions): AttentionSizes {
  for (const [name, x] of Object.entries({ q, k, value })) {
    expectRank("attention", name, x, 3);
    expectType("attention", name, x, "f32");
  }
  const [batch, queries, dim] = q.shape as readonly [number, number, number];
  const keys = k.shape[1] as number;
  if (dim % heads !== 0) throw new ShapeError("attention", "heads", `a divisor of the ${dim} features`, String(heads));
  expectShape("attention", "k", k, [batch, keys, dim]);
  expectShape("attention", "value", value, [batch, keys, dim]);
  const width = dim / heads;
  if (relative) {
    if (queries !== keys) throw new ShapeError("attention", "k", `${queries} frames, as q: relative positions are for self-attention`, `${keys}`);
    expectShape("attention", "relative.positions", relative.positions, [2 * keys - 1, dim]);
    expectShape("attention", "relative.contentBias", relative.contentBias, [heads, width]);
    expectShape("attention", "relative.positionBias", relative.positionBias, [heads, width]);
  }
  if (mask) expectType("attention", "mask", mask, "u32");
  return { batch, heads, queries, keys, width };
}

/** Element strides of a mask that is broadcast to `[batch, heads, queries, keys]`. */
function maskStrides(mask: Tensor | undefined, { batch, heads, queries, keys }: AttentionSizes) {
  if (!mask) return { mask_batch: 0, mask_head: 0, mask_query: 0 };
  const shape = [1, 1, 1, 1, ...mask.shape].slice(-4) as [number, number, number, number];
  const fits = shape.every((n, axis) => n === [batch, heads, queries, keys][axis] || (n === 1 && axis < 3));
  if (!fits || mask.shape.length > 4)
    throw new ShapeError("attention", "mask", `a shape that broadcasts to ${showShape([batch, heads, queries, keys])}, all keys given`, showShape(mask.shape));
  const [b, h, q] = shape;
  return {
    mask_batch: b === 1 ? 0 : h * q * keys,
    mask_head: h === 1 ? 0 : q * keys,
    mask_query: q === 1 ? 0 : keys,
  };
}
