import type { Graph, Value } from "./graph.ts";
import { range } from "./layers.ts";
import { DataType } from "./schema.ts";

/**
 * `relativePositions` of model/positions.ts, for a dynamic number of frames: the sinusoids of the distances frames - 1,
 * …, -(frames - 1).
 *
 * @param frames int64 `[1]`
 * @param dim    even
 * @returns      `[2 · frames - 1, dim]`
 */
export function relativePositions(graph: Graph, frames: Value, dim: number): Value {
  const count = graph.op("Squeeze", [frames]);
  const distances = range(graph, graph.op("Sub", [count, graph.int(1)]), graph.op("Neg", [count]), -1);
  return sinusoids(graph, distances, dim);
}

/**
 * `sinusoidalPositions` of model/positions.ts. Computed in float32, so the angle of a position p is off by up to p · 2^-23.
 *
 * @param positions int64 `[positions]`
 * @param dim       even
 * @returns         `[positions, dim]`
 */
export function sinusoids(graph: Graph, positions: Value, dim: number): Value {
  const column = graph.op("Unsqueeze", [graph.op("Cast", [positions], { to: DataType.FLOAT }), graph.ints(1)]);
  const frequencies = Float32Array.from({ length: dim / 2 }, (_, i) => 10000 ** ((-2 * i) / dim));
  const angles = graph.op("Mul", [column, graph.floats("position_frequencies", [1, dim / 2], frequencies)]);
  // Sines in the even columns, cosines in the odd ones.
  const pairs = ["Sin", "Cos"].map((wave) => graph.op("Unsqueeze", [graph.op(wave, [angles]), graph.ints(2)]));
  return graph.op("Reshape", [graph.op("Concat", pairs, { axis: 2 }), graph.ints(-1, dim)]);
}
