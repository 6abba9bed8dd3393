import type { DecoderConfig } from "../../../model/decoder/attention_decoder.ts";
import type { DepthSchedule } from "../../../model/unfold.ts";
import { joined, projections, UNSEEN } from "./attention.ts";
import type { Graph, Value } from "./graph.ts";
import { frameCount, layerNorm, linear, range, realFrames, zeroPadding } from "./layers.ts";
import { names as encoderNames } from "./network.ts";
import { sinusoids } from "./positions.ts";

/** Names of the decoder's inputs and outputs. Two inputs are outputs of the encoder and have their names. */
export const names = {
  tokens: "tokens",
  states: encoderNames.states,
  lengths: encoderNames.outputLengths,
  logProbs: "next_log_probs",
} as const;

/** boolean, 1 where a query sees a key; broadcast over `[batch, heads, queries, keys]` */
type Visible = Value;

/**
 * Adds `AttentionDecoder` to a graph: from prefixes, int64 `[prefixes, tokens]`, and the encoder's states, float32
 * `[utterances, frames, dim]`, with their numbers of real frames, int64 `[utterances]`, to the log-probabilities of every
 * token's successor, `[prefixes, tokens, vocabulary]`. There are as many prefixes as utterances, or one utterance, which all
 * prefixes then are of. Padding after an utterance's states may hold anything, and so may what follows a prefix, if it is
 * a class: no token sees a later one.
 *
 * @param schedule the decoder's blocks to apply, in order
 */
export function addDecoder(graph: Graph, config: DecoderConfig, schedule: DepthSchedule): void {
  const { layerNormEps } = config;
  const input = graph.in("input");
  const frames = realFrames(input, frameCount(input, names.states), names.lengths);
  const states = zeroPadding(input, names.states, frames);
  const heard = input.op("Unsqueeze", [frames, input.ints(1, 2)]); // [utterances, 1, 1, frames]
  const places = range(input, input.int(0), input.op("Squeeze", [frameCount(input, names.tokens)]), 1);
  const said = input.op("LessOrEqual", [places, input.op("Unsqueeze", [places, input.ints(1)])]); // [tokens, tokens]

  let x = embed(graph.in("embed"), places, config);
  for (const [layer, block] of schedule.entries()) {
    const name = `decoder.decoders.${block}`;
    const scope = graph.in(`layer_${layer}`);
    const add = (update: (normed: Value) => Value, norm: number): Value =>
      scope.op("Add", [x, update(layerNorm(scope, x, `${name}.norm${norm}`, layerNormEps))]);
    x = add((h) => attention(scope.in("self_attn"), h, h, `${name}.self_attn`, said, config), 1);
    x = add((h) => attention(scope.in("src_attn"), h, states, `${name}.src_attn`, heard, config), 2);
    x = add((h) => feedForward(scope.in("feed_forward"), h, `${name}.feed_forward`), 3);
  }
  const head = graph.in("head");
  const logits = linear(head, layerNorm(head, x, "decoder.after_norm", layerNormEps), "decoder.output_layer");
  head.op("LogSoftmax", [logits], { axis: -1 }, names.logProbs);
}

/** Embedded tokens times √dim plus the sinusoids of their places (int64 `[tokens]`), `[prefixes, tokens, dim]`. */
function embed(graph: Graph, places: Value, { dim }: DecoderConfig): Value {
  const rows = graph.op("Gather", [graph.weight("decoder.embed.0.weight"), names.tokens], { axis: 0 });
  const scaled = graph.op("Mul", [rows, graph.float(Math.sqrt(dim))]);
  return graph.op("Add", [scaled, sinusoids(graph, places, dim)]);
}

/** `MultiHeadAttention` of x `[prefixes, tokens, dim]` over another sequence or itself. Queries that see no key get zeros. */
function attention(
  graph: Graph,
  x: Value,
  over: Value,
  name: string,
  visible: Visible,
  { dim, heads }: DecoderConfig,
): Value {
  const { queries, keys, values } = projections(graph, x, over, name, { dim, heads });
  const scores = graph.op("Mul", [graph.op("MatMul", [queries, keys]), graph.float(1 / Math.sqrt(dim / heads))]);
  const weights = graph.op("Softmax", [graph.op("Where", [visible, scores, graph.float(UNSEEN)])], { axis: -1 });
  const seen = graph.op("Where", [visible, weights, graph.float(0)]);
  return joined(graph, graph.op("MatMul", [seen, values]), name, dim);
}

const feedForward = (graph: Graph, x: Value, name: string): Value =>
  linear(graph, graph.op("Relu", [linear(graph, x, `${name}.w_1`)]), `${name}.w_2`);
