import { expectFloat, expectRank, expectShape, expectType, ShapeError, showShape } from "../../engine/shape.ts";
import type { Tape } from "../../engine/tape.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { dropoutSizes } from "../dropout/dropout.ts";
import { encodeBackward, encodeForward, packBiases } from "./fused.ts";
import type { AttentionSizes } from "./variants.ts";

export interface AttentionOptions {
  readonly heads: number;
  /** u32, broadcast to `[batch, heads, queries, keys]`; 1 = may attend. The axis of the keys must not be broadcast. */
  readonly mask?: Tensor | undefined;
  /** Masks every key after the query. */
  readonly causal?: boolean;
  /** Relative positions, for self-attention. */
  readonly relative?: RelativePositions;
  /** Dropout of the weights; none unless `tape.training`. */
  readonly dropout?: WeightDropout | undefined;
}

export interface WeightDropout {
  /** In [0, 1): the probability that a query's weight for a key is set to 0. The others are divided by 1 - rate. */
  readonly rate: number;
  /** Names this use of dropout within a step, as in `dropout`. What is dropped is a function of (tape.seed, tape.step, site, utterance and head, query, key). */
  readonly site: number;
}

export interface RelativePositions {
  /** `[2 · frames - 1, heads · width]`: the projected encodings of the distances frames - 1, …, -(frames - 1). */
  readonly positions: Tensor;
  /** `[heads, width]`, added to the queries that multiply keys: u in Transformer-XL. */
  readonly contentBias: Tensor;
  /** `[heads, width]`, added to the queries that multiply positions: v in Transformer-XL. */
  readonly positionBias: Tensor;
}

/**
 * Multi-head attention, softmax(scores) · value in each head, where the scores are q · k / √width or, with relative
 * positions, ((q + u) · k + (q + v) · p) / √width (Dai et al., "Transformer-XL", 2019, as in the Conformer).
 * Heads are slices of the last axis, so nothing is transposed. A query that may attend nowhere gets zeros. The scores are never
 * stored: backward recomputes them, with the log-sum-exp of each query, which is all that forward keeps; nor is what dropout drops.
 *
 * @param q     `[batch, queries, heads · width]`
 * @param k     `[batch, keys, heads · width]`
 * @param value `[batch, keys, heads · width]`
 * @returns     `[batch, queries, heads · width]`
 */
export function attention(tape: Tape, q: Tensor, k: Tensor, value: Tensor, options: AttentionOptions): Tensor {
  const sizes = checkSizes(q, k, value, options);
  const { mask, causal = false, relative, dropout = { rate: 0, site: 0 } } = options;
  const biases = relative && { u: relative.contentBias, v: relative.positionBias };
  // A kernel needs all its bindings, even those that a constant switches off.
  const absent = tape.empty([1]);
  const given = {
    q,
    k,
    value,
    p: relative?.positions ?? absent,
    biases: biases ? packBiases(tape, biases) : absent,
    mask: mask ?? tape.empty([1], "u32"),
  };
  const call = {
    sizes,
    causal,
    masked: mask !== undefined,
    strides: maskStrides(mask, sizes),
    dropout: dropoutSizes("attention", tape, dropout.rate, dropout.site, sizes.batch * sizes.heads),
  };
  const y = tape.like(q);
  const lse = tape.empty([sizes.batch, sizes.heads, sizes.queries]);
  encodeForward(tape, call, { ...given, y, lse });

  const inputs = biases ? [q, k, value, given.p, biases.u, biases.v] : [q, k, value];
  return tape.record("attention", inputs, y, [...Object.values(given), y, lse], (dy) =>
    encodeBackward(tape, call, { ...given, y, lse, dy }, biases),
  );
}

function checkSizes(q: Tensor, k: Tensor, value: Tensor, { heads, mask, relative }: AttentionOptions): AttentionSizes {
  for (const [name, x] of Object.entries({ q, k, value })) {
    expectRank("attention", name, x, 3);
    expectFloat("attention", name, x);
  }
  const [batch, queries, dim] = q.shape as readonly [number, number, number];
  const keys = k.shape[1] as number;
  if (dim % heads !== 0) throw new ShapeError("attention", "heads", `a divisor of the ${dim} features`, String(heads));
  expectShape("attention", "k", k, [batch, keys, dim]);
  expectShape("attention", "value", value, [batch, keys, dim]);
  const width = dim / heads;
  if (relative) {
    expectFloat("attention", "relative.positions", relative.positions);
    if (queries !== keys)
      throw new ShapeError(
        "attention",
        "k",
        `${queries} frames, as q: relative positions are for self-attention`,
        `${keys}`,
      );
    expectShape("attention", "relative.positions", relative.positions, [2 * keys - 1, dim]);
    expectShape("attention", "relative.contentBias", relative.contentBias, [heads, width]);
    expectShape("attention", "relative.positionBias", relative.positionBias, [heads, width]);
  }
  if (mask) expectType("attention", "mask", mask, "u32");
  return { batch, heads, queries, keys, width, relative: relative !== undefined };
}

/** Element strides of a mask that is broadcast to `[batch, heads, queries, keys]`. */
function maskStrides(mask: Tensor | undefined, { batch, heads, queries, keys }: AttentionSizes) {
  if (!mask) return { mask_batch: 0, mask_head: 0, mask_query: 0 };
  const shape = [1, 1, 1, 1, ...mask.shape].slice(-4) as [number, number, number, number];
  const fits = shape.every((n, axis) => n === [batch, heads, queries, keys][axis] || (n === 1 && axis < 3));
  if (!fits || mask.shape.length > 4)
    throw new ShapeError(
      "attention",
      "mask",
      `a shape that broadcasts to ${showShape([batch, heads, queries, keys])}, all keys given`,
      showShape(mask.shape),
    );
  const [b, h, q] = shape;
  return {
    mask_batch: b === 1 ? 0 : h * q * keys,
    mask_head: h === 1 ? 0 : q * keys,
    mask_query: q === 1 ? 0 : keys,
  };
}
