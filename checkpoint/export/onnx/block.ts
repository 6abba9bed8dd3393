import type { ConformerConfig } from "../../../model/conformer/config.ts";
import { selfAttention, type AttentionContext } from "./attention.ts";
import { convModule } from "./conv_module.ts";
import type { Graph, Value } from "./graph.ts";
import { layerNorm, linear, silu } from "./layers.ts";

/**
 * `ConformerBlock` without dropout.
 *
 * @param x    `[batch, frames, dim]`; same shape out
 * @param name of the physical block, e.g. "encoder.encoders.0"
 * @param own  suffix of the norms' names: ".depth_4" where each depth has its own, else empty
 */
export function conformerBlock(
  graph: Graph,
  x: Value,
  name: string,
  own: string,
  context: AttentionContext,
  config: ConformerConfig,
): Value {
  const norm = (h: Value, part: string): Value => layerNorm(graph, h, `${name}.${part}${own}`, config.layerNormEps);
  const half = (update: Value): Value => graph.op("Mul", [update, graph.float(0.5)]);
  const add = (h: Value, update: Value): Value => graph.op("Add", [h, update]);
  const feedForward = (h: Value, part: string): Value =>
    linear(graph, silu(graph, linear(graph, h, `${name}.${part}.w_1`)), `${name}.${part}.w_2`);

  const afterFirst = add(x, half(feedForward(norm(x, "norm_ff_macaron"), "feed_forward_macaron")));
  const afterAttention = add(
    afterFirst,
    selfAttention(graph.in("self_attn"), norm(afterFirst, "norm_mha"), `${name}.self_attn`, context, config),
  );
  const mixed = convModule(
    graph.in("conv_module"),
    norm(afterAttention, "norm_conv"),
    `${name}.conv_module`,
    `${name}.conv_module.norm${own}`,
    context.real,
    config,
  );
  const afterConvolution = add(afterAttention, mixed);
  const afterSecond = add(afterConvolution, half(feedForward(norm(afterConvolution, "norm_ff"), "feed_forward")));
  return norm(afterSecond, "norm_final");
}
