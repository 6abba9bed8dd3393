import type { ConformerConfig } from "../../../model/conformer/config.ts";
import { subsampledLength } from "../../../model/conformer/subsampling.ts";
import type { Graph, Value } from "./graph.ts";
import { linear } from "./layers.ts";

/**
 * `Conv2dSubsampling` followed by the factor √dim: `[batch, frames, bins]` to `[batch, subsampledLength(frames), dim]`.
 */
export function subsample(
  graph: Graph,
  features: Value,
  { subsamplingChannels, inputDim, dim }: ConformerConfig,
): Value {
  const convolve = (x: Value, name: string): Value =>
    graph.op("Relu", [
      graph.op("Conv", [x, graph.weight(`${name}.weight`), graph.weight(`${name}.bias`)], {
        kernel_shape: [3, 3],
        strides: [2, 2],
      }),
    ]);
  const image = graph.op("Unsqueeze", [features, graph.ints(1)]); // [batch, 1, frames, bins]
  const twice = convolve(convolve(image, "encoder.embed.conv.0"), "encoder.embed.conv.2"); // [batch, channels, time, bands]
  const byTime = graph.op("Transpose", [twice], { perm: [0, 2, 1, 3] });
  const flat = graph.op("Reshape", [byTime, graph.ints(0, 0, subsamplingChannels * subsampledLength(inputDim))]);
  return graph.op("Mul", [linear(graph, flat, "encoder.embed.out.0"), graph.float(Math.sqrt(dim))]);
}

/** `subsampledLength` of int64 `[batch]`. ONNX integer division truncates towards zero, so no length is negative. */
export function subsampledLengths(graph: Graph, lengths: Value, named: string): Value {
  const convolved = (before: Value, name?: string): Value =>
    graph.op("Div", [graph.op("Sub", [before, graph.int(1)]), graph.int(2)], {}, name);
  return convolved(convolved(lengths), named);
}
