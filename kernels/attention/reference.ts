import { uniform } from "../../engine/random.ts";
import { host, type HostTensor } from "../case.ts";
import type { DropoutName } from "../dropout/reference.ts";

/** The arguments of `attention`; p, u and v are the positions and the two biases of relative attention. */
export interface AttentionInputs {
  readonly q: HostTensor;
  readonly k: HostTensor;
  readonly value: HostTensor;
  readonly mask?: HostTensor;
  readonly p?: HostTensor;
  readonly u?: HostTensor;
  readonly v?: HostTensor;
}

export interface ReferenceOptions {
  readonly heads: number;
  readonly causal?: boolean;
  readonly dropout?: DropoutName & { readonly rate: number };
}

/**
 * y_i = Σ_j w_ij · r_ij · value_j in each head, where w_i = softmax over the unmasked keys j of
 *   q_i · k_j / √width   or, with relative positions,   ((q_i + u) · k_j + (q_i + v) · p_{i-j}) / √width
 * and r_ij is 1, or with dropout 1 / (1 - rate) where hash(seed, step, site, utterance and head, i, j) / 2³² ≥ rate, else 0.
 * A query that may attend to no key gets zeros. Source: Vaswani et al., 2017; Dai et al., "Transformer-XL", 2019, section 3.3.
 */
export function attentionReference(inputs: AttentionInputs, options: ReferenceOptions): HostTensor {
  const y = host(inputs.q.shape, () => 0);
  forEachRow(inputs, options, ({ weights, kept, width, query, key }) => {
    weights.forEach((w, j) => {
      for (let d = 0; d < width; d++) y.data[query + d]! += w * kept[j]! * at(inputs.value, key(j) + d);
    });
  });
  return y;
}

/**
 * With dw_ij = r_ij · dy_i · value_j, the softmax gives ds_ij = w_ij · (dw_ij - Σ_k w_ik · dw_ik) / √width. Then
 *   dvalue_j = Σ_i w_ij · r_ij · dy_i, dq_i = Σ_j ds_ij · (k_j + p_{i-j}),   dk_j = Σ_i ds_ij · (q_i + u),
 *   dp_m = Σ_{i-j = m} ds_ij · (q_i + v),   du = Σ_ij ds_ij · k_j,           dv = Σ_ij ds_ij · p_{i-j}.
 */
export function attentionGradients(
  inputs: AttentionInputs,
  dy: HostTensor,
  options: ReferenceOptions,
): Record<string, HostTensor> {
  const { q, k, value, p, u, v } = inputs;
  const zeros = (x: HostTensor): HostTensor => host(x.shape, () => 0);
  const [dq, dk, dvalue] = [zeros(q), zeros(k), zeros(value)];
  const relative = p && u && v ? { p: zeros(p), u: zeros(u), v: zeros(v) } : undefined;
  forEachRow(inputs, options, ({ weights, kept, width, query, head, key, position }) => {
    const dw = weights.map((_, j) => kept[j]! * dot(width, (d) => at(dy, query + d) * at(value, key(j) + d)));
    const mean = weights.reduce((sum, w, j) => sum + w * dw[j]!, 0);
    weights.forEach((w, j) => {
      const ds = (w * (dw[j]! - mean)) / Math.sqrt(width);
      for (let d = 0; d < width; d++) {
        const [atQuery, atKey, atPosition, atHead] = [query + d, key(j) + d, position(j) + d, head + d];
        dvalue.data[atKey]! += w * kept[j]! * at(dy, atQuery);
        dq.data[atQuery]! += ds * (at(k, atKey) + at(p, atPosition));
        dk.data[atKey]! += ds * (at(q, atQuery) + at(u, atHead));
        if (!relative) continue;
        relative.p.data[atPosition]! += ds * (at(q, atQuery) + at(v, atHead));
        relative.u.data[atHead]! += ds * at(k, atKey);
        relative.v.data[atHead]! += ds * at(p, atPosition);
      }
    });
  });
  return { q: dq, k: dk, value: dvalue, ...relative };
}

/** One query of one head: its weights by key, and where the head's features of query, key and position begin. */
interface Row {
  readonly weights: number[];
  /** What dropout multiplies each weight by. */
  readonly kept: number[];
  readonly width: number;
  readonly query: number;
  readonly head: number;
  readonly key: (j: number) => number;
  readonly position: (j: number) => number;
}

function forEachRow(
  inputs: AttentionInputs,
  { heads, causal = false, dropout }: ReferenceOptions,
  visit: (row: Row) => void,
): void {
  const { q, k, mask, p, u, v } = inputs;
  const [batch, queries, dim] = q.shape as [number, number, number];
  const keys = k.shape[1] as number;
  const width = dim / heads;
  for (let b = 0; b < batch; b++)
    for (let h = 0; h < heads; h++)
      for (let i = 0; i < queries; i++) {
        const head = h * width;
        const query = (b * queries + i) * dim + head;
        const key = (j: number): number => (b * keys + j) * dim + head;
        const position = (j: number): number => (keys - 1 - (i - j)) * dim + head;
        const unmasked = (j: number): boolean => (!causal || j <= i) && (!mask || maskAt(mask, b, h, i, j));
        const scores = Array.from({ length: keys }, (_, j) => {
          if (!unmasked(j)) return -Infinity;
          const content = dot(width, (d) => (at(q, query + d) + at(u, head + d)) * at(k, key(j) + d));
          const distance = p ? dot(width, (d) => (at(q, query + d) + at(v, head + d)) * at(p, position(j) + d)) : 0;
          return (content + distance) / Math.sqrt(width);
        });
        const kept = scores.map((_, j) => (dropout ? keptFactor(dropout, b * heads + h, i, j) : 1));
        visit({ weights: softmax(scores), kept, width, query, head, key, position });
      }
}

function keptFactor(
  { rate, seed, step, site }: NonNullable<ReferenceOptions["dropout"]>,
  head: number,
  i: number,
  j: number,
): number {
  return uniform(seed, step, site, head, i, j) >= Math.round(rate * 2 ** 24) / 2 ** 24 ? 1 / (1 - rate) : 0;
}

function softmax(scores: number[]): number[] {
  const rowMax = Math.max(...scores);
  if (rowMax === -Infinity) return scores.map(() => 0);
  const exps = scores.map((s) => Math.exp(s - rowMax));
  const rowSum = exps.reduce((sum, e) => sum + e, 0);
  return exps.map((e) => e / rowSum);
}

/** The mask is broadcast to `[batch, heads, queries, keys]`. */
function maskAt(mask: HostTensor, ...index: number[]): boolean {
  const shape = [1, 1, 1, 1, ...mask.shape].slice(-4);
  return (
    at(
      mask,
      shape.reduce((offset, n, axis) => offset * n + (n === 1 ? 0 : index[axis]!), 0),
    ) !== 0
  );
}

function dot(length: number, product: (d: number) => number): number {
  let sum = 0;
  for (let d = 0; d < length; d++) sum += product(d);
  return sum;
}

/** An absent input counts as zeros. */
const at = (x: HostTensor | undefined, i: number): number => (x ? (x.data[i] as number) : 0);
