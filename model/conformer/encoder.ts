import type { Parameters } from "../../engine/parameters.ts";
import { ShapeError, showShape } from "../../engine/shape.ts";
import type { Tape } from "../../engine/tape.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { dropout } from "../../kernels/dropout/dropout.ts";
import { layerNorm } from "../../kernels/layer_norm/layer_norm.ts";
import { cast } from "../../kernels/pointwise/cast.ts";
import { scale } from "../../kernels/pointwise/unary.ts";
import { ConformerBlock, type BlockContext } from "./block.ts";
import type { ConformerConfig } from "./config.ts";
import type { Encoded, EncoderOptions } from "../ctc_model.ts";
import { declareByDepth, type ByDepth } from "../depth_norms.ts";
import { lengthMask } from "../length_mask.ts";
import { relativePositions } from "../positions.ts";
import { runSchedules } from "../run_schedules.ts";
import { Conv2dSubsampling, MIN_FRAMES, subsampledLength } from "./subsampling.ts";
import type { DepthSchedule } from "../unfold.ts";
import { declareNorm, type NormWeights } from "../weights.ts";

/** Random sites of the dropout on the subsampled features and the positions; block sites count up from 0, a decoder's embedding is between. */
const [EMBED_SITE, POSITION_SITE] = [0x40000000, 0x40000002];

/** Conformer encoder whose physical blocks unfold to any depth. */
export class Encoder {
  readonly #subsampling: Conv2dSubsampling;
  readonly #blocks: readonly ConformerBlock[];
  readonly #afterNorm: ByDepth<NormWeights>;
  readonly #config: ConformerConfig;

  constructor(parameters: Parameters, name: string, config: ConformerConfig) {
    this.#config = config;
    this.#subsampling = new Conv2dSubsampling(parameters, `${name}.embed`, config);
    this.#blocks = Array.from(
      { length: config.blocks },
      (_, i) => new ConformerBlock(parameters, `${name}.encoders.${i}`, config),
    );
    this.#afterNorm = declareByDepth(`${name}.after_norm`, config.normDepths, (norm) =>
      declareNorm(parameters, norm, config.dim),
    );
  }

  /** The first block's input, `[batch, frames / 4, dim]`: subsampled features times √dim. */
  subsample(tape: Tape, features: Tensor): Tensor {
    const { dim, dropout: rate } = this.#config;
    return tape.scope(() =>
      dropout(
        tape,
        scale(tape, cast(tape, this.#subsampling.forward(tape, features), "f32"), Math.sqrt(dim)),
        rate,
        EMBED_SITE,
      ),
    );
  }

  /**
   * Runs every schedule, sharing common prefixes. With norms per depth, a schedule's length picks its norms and nothing is shared.
   *
   * @param features `[batch, frames, inputDim]`
   * @param lengths  real frames of each utterance; with convMask "before_depthwise", padding never changes a real frame's result
   */
  forward(
    tape: Tape,
    features: Tensor,
    lengths: readonly number[],
    schedules: readonly DepthSchedule[],
    options: EncoderOptions = {},
  ): Encoded {
    const encodedLengths = lengths.map(subsampledLength);
    const context = this.#context(tape, features, encodedLengths); // upload first, so that copies do not split a compute pass
    const x = tape.named("subsampling", () => this.subsample(tape, features));
    const run = (members: readonly DepthSchedule[], depth?: number): Tensor[] =>
      runSchedules(tape, x, this.#blocks, members, { ...context, depth }, options);
    const ends = this.#config.normDepths
      ? schedules.flatMap((schedule) => run([schedule], schedule.length))
      : run(schedules);
    const states = ends.map((state, path) => {
      const { scale: gain, shift } = this.#afterNorm(schedules[path]?.length);
      return layerNorm(tape, state, gain, shift, this.#config.layerNormEps);
    });
    return { states, lengths: encodedLengths, deviceLengths: context.lengths };
  }

  #context(tape: Tape, features: Tensor, lengths: readonly number[]): BlockContext {
    const frames = subsampledLength(features.shape[1] as number);
    if (frames === 0)
      throw new ShapeError("encoder", "features", `at least ${MIN_FRAMES} frames`, showShape(features.shape));
    const { dim, positionDropout = 0 } = this.#config;
    const positions = tape.upload(relativePositions(frames, dim), [2 * frames - 1, dim]);
    return {
      mask: lengthMask(tape, lengths, frames),
      lengths: tape.upload(Int32Array.from(lengths), [lengths.length]),
      positions: dropout(tape, positions, positionDropout, POSITION_SITE, { ofUtterances: false }), // after all uploads
    };
  }
}
