import { cmvnScale, type Cmvn } from "../../../model/features/cmvn.ts";
import type { ConformerConfig } from "../../../model/conformer/config.ts";
import type { DepthSchedule } from "../../../model/unfold.ts";
import { projectPositions } from "./attention.ts";
import { conformerBlock } from "./block.ts";
import type { Graph, Value } from "./graph.ts";
import { frameCount, layerNorm, linear, realFrames, zeroPadding } from "./layers.ts";
import { relativePositions } from "./positions.ts";
import { subsample, subsampledLengths } from "./subsampling.ts";

/** Names of the graph's inputs and outputs. */
export const names = {
  features: "features",
  lengths: "lengths",
  logProbs: "log_probs",
  states: "states",
  outputLengths: "output_lengths",
} as const;

/**
 * Adds `ConformerCtc` with one schedule to a graph: from unnormalised log-mel features, float32
 * `[batch, frames, bins]`, and the number of real frames of each, int64 `[batch]`, to log-probabilities
 * `[batch, frames / 4, vocabulary]`, the states that they are computed from, `[batch, frames / 4, dim]`, and the numbers of
 * real frames of both. Padding is zeroed after normalisation, as in
 * training batches, so it may hold anything. Its amount does not change results either, except with a `convMask` other
 * than "before_depthwise", where it does in training too.
 */
export function addNetwork(graph: Graph, config: ConformerConfig, schedule: DepthSchedule, cmvn: Cmvn): void {
  const own = config.normDepths ? `.depth_${schedule.length}` : "";
  const { features, lengths, logProbs, states, outputLengths } = names;
  const inputFrames = realFrames(graph.in("input"), frameCount(graph.in("input"), features), lengths);
  const normalised = zeroPadding(graph.in("input"), normalise(graph.in("cmvn"), features, cmvn), inputFrames);
  let x = subsample(graph.in("subsampling"), normalised, config);

  const frames = frameCount(graph, x);
  const real = realFrames(graph, frames, subsampledLengths(graph, lengths, outputLengths));
  const distances = relativePositions(graph.in("positions"), frames, config.dim);
  const blocks = Array.from({ length: config.blocks }, (_, block) => {
    const name = `encoder.encoders.${block}`;
    return {
      name,
      positions: projectPositions(graph.in(`positions/block_${block}`), distances, `${name}.self_attn`, config),
    };
  });
  for (const [layer, block] of schedule.entries()) {
    const { name, positions } = blocks[block] as (typeof blocks)[number];
    x = conformerBlock(graph.in(`layer_${layer}`), x, name, own, { positions, real, frames }, config);
  }
  const head = graph.in("head");
  const normed = layerNorm(head, x, `encoder.after_norm${own}`, config.layerNormEps, states);
  head.op("LogSoftmax", [linear(head, normed, "ctc_lo")], { axis: -1 }, logProbs);
}

/** `applyCmvn`, in float32. */
function normalise(graph: Graph, features: Value, cmvn: Cmvn): Value {
  const perBin = (name: string, values: Float64Array): Value =>
    graph.floats(name, [values.length], Float32Array.from(values));
  const centred = graph.op("Sub", [features, perBin("cmvn.mean", cmvn.mean)]);
  return graph.op("Mul", [centred, perBin("cmvn.scale", cmvnScale(cmvn))]);
}
