import type { Graph, Value } from "./graph.ts";

/** x Wᵀ + b over the last axis, with the parameters `name.weight` and `name.bias`. */
export const linear = (graph: Graph, x: Value, name: string): Value =>
  graph.op("Add", [graph.op("MatMul", [x, graph.transposedWeight(`${name}.weight`)]), graph.weight(`${name}.bias`)]);

/** Layer norm over the last axis, with the parameters `name.weight` and `name.bias`; its output is `named`, if that is given. */
export const layerNorm = (graph: Graph, x: Value, name: string, eps: number, named?: string): Value =>
  graph.op(
    "LayerNormalization",
    [x, graph.weight(`${name}.weight`), graph.weight(`${name}.bias`)],
    { axis: -1, epsilon: { float: eps } },
    named,
  );

/** x · sigmoid(x) */
export const silu = (graph: Graph, x: Value): Value => graph.op("Mul", [x, graph.op("Sigmoid", [x])]);

/** The number of frames of x `[batch, frames, …]`, int64 `[1]`. */
export const frameCount = (graph: Graph, x: Value): Value => graph.op("Shape", [x], { start: 1, end: 2 });

/** The integers from `start` up to but not including `limit`, in steps of `step`; int64 scalars. */
export const range = (graph: Graph, start: Value, limit: Value, step: number): Value =>
  graph.op("Range", [start, limit, graph.int(step)]);

/**
 * Mask of the real frames, boolean `[batch, frames]`, from `frames` (int64 `[1]`) and the utterances' `lengths` (int64
 * `[batch]`).
 */
export function realFrames(graph: Graph, frames: Value, lengths: Value): Value {
  const frame = range(graph, graph.int(0), graph.op("Squeeze", [frames]), 1);
  return graph.op("Less", [frame, graph.op("Unsqueeze", [lengths, graph.ints(1)])]);
}

/**
 * Zeroes the padding frames of x `[batch, frames, channels]`, whatever they hold. `real`: boolean `[batch, frames]`.
 */
export const zeroPadding = (graph: Graph, x: Value, real: Value): Value =>
  graph.op("Where", [graph.op("Unsqueeze", [real, graph.ints(2)]), x, graph.float(0)]);
