import type { ConformerConfig } from "../../../model/conformer/config.ts";
import type { Graph, Value } from "./graph.ts";
import { layerNorm, linear, silu, zeroPadding } from "./layers.ts";

/**
 * `ConvModule`, with batch norm using its running statistics.
 *
 * @param x    `[batch, frames, dim]`, already normalised; same shape out
 * @param norm name of its norm, including the depth where each depth has its own
 * @param real boolean `[batch, frames]`
 */
export function convModule(
  graph: Graph,
  x: Value,
  name: string,
  norm: string,
  real: Value,
  config: ConformerConfig,
): Value {
  const { convMask, dim, convKernel, convNorm, layerNormEps, batchNormEps } = config;
  const masked = (place: ConformerConfig["convMask"], h: Value): Value =>
    convMask === place ? zeroPadding(graph, h, real) : h;
  const swap = (h: Value): Value => graph.op("Transpose", [h], { perm: [0, 2, 1] }); // Conv wants [batch, channels, frames]

  const [value, gate] = graph.halves(linear(graph, masked("around_module", x), `${name}.pointwise_conv1`));
  const gated = masked("before_depthwise", graph.op("Mul", [value, graph.op("Sigmoid", [gate])]));
  const reach = (convKernel - 1) / 2;
  const depthwise = graph.op(
    "Conv",
    [swap(gated), graph.weight(`${name}.depthwise_conv.weight`), graph.weight(`${name}.depthwise_conv.bias`)],
    { group: dim, kernel_shape: [convKernel], pads: [reach, reach] },
  );
  const statistics = (): Value[] =>
    ["weight", "bias", "running_mean", "running_var"].map((part) => graph.weight(`${norm}.${part}`));
  const normalised =
    convNorm === "layer_norm"
      ? layerNorm(graph, swap(depthwise), norm, layerNormEps)
      : swap(graph.op("BatchNormalization", [depthwise, ...statistics()], { epsilon: { float: batchNormEps } }));
  return masked("around_module", linear(graph, silu(graph, normalised), `${name}.pointwise_conv2`));
}
