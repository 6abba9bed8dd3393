import type { ConformerConfig } from "../../../model/conformer/config.ts";
import type { Graph, Value } from "./graph.ts";
import { linear } from "./layers.ts";

/** Replaces (is not added to) the scores of padding: its exponential is zero next to any other. */
export const UNSEEN = -1e9;

export interface AttentionContext {
  /** `projectPositions` of the block */
  readonly positions: Value;
  /** boolean `[batch, frames]` */
  readonly real: Value;
  /** int64 `[1]` */
  readonly frames: Value;
}

/**
 * Projects positions `[2 · frames - 1, dim]` for a block's heads, `[heads, dim / heads, 2 · frames - 1]`; shared by all
 * layers that run the block.
 */
export function projectPositions(graph: Graph, positions: Value, name: string, { dim, heads }: ConformerConfig): Value {
  const projected = graph.op("MatMul", [positions, graph.transposedWeight(`${name}.linear_pos.weight`)]);
  return graph.op("Transpose", [graph.op("Reshape", [projected, graph.ints(-1, heads, dim / heads)])], {
    perm: [1, 2, 0],
  });
}

/**
 * `SelfAttention`: softmax over the real keys j of ((q_i + u) · k_j + (q_i + v) · p_(i-j)) / √width, times the values.
 *
 * @param x `[batch, frames, dim]`, already normalised; same shape out
 */
export function selfAttention(
  graph: Graph,
  x: Value,
  name: string,
  { positions, real, frames }: AttentionContext,
  { dim, heads }: ConformerConfig,
): Value {
  const width = dim / heads;
  const { queries, keys, values } = projections(graph, x, x, name, { dim, heads });
  const biased = (bias: string): Value =>
    graph.op("Add", [queries, graph.weight(`${name}.${bias}`, [heads, 1, width])]);

  const content = graph.op("MatMul", [biased("pos_bias_u"), keys]); // [batch, heads, frames, frames]
  const distance = relativeShift(graph, graph.op("MatMul", [biased("pos_bias_v"), positions]), frames);
  const scores = graph.op("Mul", [graph.op("Add", [content, distance]), graph.float(1 / Math.sqrt(width))]);
  const visible = graph.op("Where", [graph.op("Unsqueeze", [real, graph.ints(1, 2)]), scores, graph.float(UNSEEN)]);
  const context = graph.op("MatMul", [graph.op("Softmax", [visible], { axis: -1 }), values]);
  return joined(graph, context, name, dim);
}

/** What attention's products need: `[batch, heads, places, width]`, but of keys `[batch, heads, width, places]`. */
interface Projections {
  readonly queries: Value;
  readonly keys: Value;
  readonly values: Value;
}

/**
 * The queries of x and the keys and values of `over`, split into heads; with the parameters `name.linear_q` and so on.
 *
 * @param x    `[batch, queries, dim]`
 * @param over `[batch, keys, dim]`
 */
export function projections(
  graph: Graph,
  x: Value,
  over: Value,
  name: string,
  { dim, heads }: { readonly dim: number; readonly heads: number },
): Projections {
  const split = (from: Value, part: string, perm: readonly number[]): Value =>
    graph.op(
      "Transpose",
      [graph.op("Reshape", [linear(graph, from, `${name}.${part}`), graph.ints(0, 0, heads, dim / heads)])],
      { perm },
    );
  return {
    queries: split(x, "linear_q", [0, 2, 1, 3]),
    keys: split(over, "linear_k", [0, 2, 3, 1]),
    values: split(over, "linear_v", [0, 2, 1, 3]),
  };
}

/** The heads' contexts `[batch, heads, queries, width]`, side by side and mapped by `name.linear_out`: `[batch, queries, dim]`. */
export function joined(graph: Graph, context: Value, name: string, dim: number): Value {
  const rows = graph.op("Reshape", [graph.op("Transpose", [context], { perm: [0, 2, 1, 3] }), graph.ints(0, 0, dim)]);
  return linear(graph, rows, `${name}.linear_out`);
}

/**
 * y[b, h, i, j] = x[b, h, i, frames - 1 - (i - j)], by moving memory alone (Dai et al., 2019, appendix B): with a
 * column prepended, the rows of 2 · frames values, reread as rows of `frames`, each begin one place later; the first
 * such row is dropped.
 *
 * @param x `[batch, heads, frames, 2 · frames - 1]`
 * @returns `[batch, heads, frames, frames]`
 */
function relativeShift(graph: Graph, x: Value, frames: Value): Value {
  const sizes = (...parts: Value[]): Value => graph.op("Concat", parts, { axis: 0 });
  const padded = graph.op("Pad", [x, graph.ints(0, 0, 0, 1, 0, 0, 0, 0)]);
  const reread = graph.op("Reshape", [padded, sizes(graph.ints(0, 0, -1), frames)]); // [batch, heads, 2 · frames, frames]
  const shifted = graph.op("Slice", [reread, graph.ints(1), graph.ints(Number.MAX_SAFE_INTEGER), graph.ints(2)]);
  const rows = graph.op("Reshape", [shifted, sizes(graph.ints(0, 0), frames, graph.ints(-1))]); // [batch, heads, frames, 2 · frames - 1]
  return graph.op("Slice", [rows, graph.ints(0), frames, graph.ints(3)]);
}
