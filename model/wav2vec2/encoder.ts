import type { Parameters } from "../../engine/parameters.ts";
import { uniform } from "../../engine/random.ts";
import { ShapeError, showShape } from "../../engine/shape.ts";
import type { Tape } from "../../engine/tape.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { dropout } from "../../kernels/dropout/dropout.ts";
import { residual } from "../../kernels/dropout/residual.ts";
import { layerNorm } from "../../kernels/layer_norm/layer_norm.ts";
import { linear } from "../../kernels/linear/linear.ts";
import { cast } from "../../kernels/pointwise/cast.ts";
import { maskFrames } from "../../kernels/pointwise/mask_frames.ts";
import { where } from "../../kernels/pointwise/where.ts";
import { ConformerBlock, type BlockContext } from "../conformer/block.ts";
import type { Encoded, EncoderOptions, FeatureMasks } from "../ctc_model.ts";
import { lengthMask } from "../length_mask.ts";
import { relativePositions } from "../positions.ts";
import { runSchedules, type UnfoldableBlock } from "../run_schedules.ts";
import type { DepthSchedule } from "../unfold.ts";
import { declareLinear, declareNorm, type LinearWeights, type NormWeights } from "../weights.ts";
import type { Wav2Vec2Config } from "./config.ts";
import { encodedFrames, FeatureEncoder, receptiveField } from "./feature_encoder.ts";
import { conformerNames, prefixOf } from "./names.ts";
import { PositionalEmbedding } from "./positional_embedding.ts";
import { TransformerBlock } from "./transformer_block.ts";

/** Random sites of the dropouts before the blocks; block sites count up from 0. */
const [FEATURE_SITE, EMBED_SITE] = [0x40000000, 0x40000001];

/** Waveform -> convolutions -> projection -> masks -> positions -> unfolding blocks -> final norm. */
export class Wav2Vec2Encoder {
  readonly #featureEncoder: FeatureEncoder;
  readonly #projectionNorm: NormWeights | undefined;
  readonly #projection: LinearWeights;
  readonly #maskVector: Tensor;
  readonly #positional: PositionalEmbedding;
  readonly #norm: NormWeights;
  readonly #blocks: readonly UnfoldableBlock<BlockContext>[];
  readonly #config: Wav2Vec2Config;

  constructor(parameters: Parameters, config: Wav2Vec2Config) {
    const { dim, convDims, projectionNorm, kind } = config;
    const at = (part: string): string => `${prefixOf(config)}${part}`;
    const features = convDims.at(-1) as number;
    const isConformer = kind === "wav2vec2_conformer";
    this.#config = config;
    this.#maskVector = parameters.add(at("masked_spec_embed"), [dim], {
      init: (i, key) => uniform(key, i),
      decay: false,
    });
    this.#featureEncoder = new FeatureEncoder(parameters, at("feature_extractor"), config);
    this.#projectionNorm = projectionNorm
      ? declareNorm(parameters, at("feature_projection.layer_norm"), features)
      : undefined;
    this.#projection = declareLinear(parameters, at("feature_projection.projection"), features, dim);
    this.#positional = new PositionalEmbedding(parameters, at("encoder.pos_conv_embed"), config, {
      unused: isConformer,
    });
    this.#norm = declareNorm(parameters, at("encoder.layer_norm"), dim);
    this.#blocks = Array.from({ length: config.blocks }, (_, i) => {
      const name = at(`encoder.layers.${i}`);
      return isConformer
        ? new ConformerBlock(parameters, name, conformerBlockConfig(config), conformerNames)
        : new TransformerBlock(parameters, name, config);
    });
  }

  /** Waveforms `[batch, samples, 1]` to features `[batch, frames, channels]`. */
  features(tape: Tape, waveforms: Tensor): Tensor {
    return tape.named("feature encoder", () => this.#featureEncoder.forward(tape, waveforms));
  }

  /**
   * Features `[batch, frames, channels]` to the input of the first block, `[batch, frames, dim]`, f32.
   *
   * @param lengths i32 `[batch]`: real frames, to zero padding; undefined: padding counts as real
   */
  embed(tape: Tape, features: Tensor, lengths: Tensor | undefined, masks: FeatureMasks | undefined): Tensor {
    const { kind, normFirst, dropout: rate, featureDropout, layerNormEps: eps } = this.#config;
    return tape.scope(() => {
      const masked = this.#mask(
        tape,
        dropout(tape, cast(tape, this.#project(tape, features), "f32"), featureDropout, FEATURE_SITE),
        masks,
      );
      const x = lengths ? maskFrames(tape, masked, lengths) : masked;
      if (kind === "wav2vec2_conformer") return dropout(tape, x, rate, EMBED_SITE);
      const positioned = residual(
        tape,
        x,
        this.#positional.forward(tape, cast(tape, x, tape.activation)),
        1,
        0,
        EMBED_SITE,
      );
      return dropout(
        tape,
        normFirst ? positioned : layerNorm(tape, positioned, this.#norm.scale, this.#norm.shift, { eps, dtype: "f32" }),
        rate,
        EMBED_SITE,
      );
    });
  }

  #project(tape: Tape, features: Tensor): Tensor {
    const norm = this.#projectionNorm;
    const normalised = norm
      ? layerNorm(tape, features, norm.scale, norm.shift, { eps: this.#config.layerNormEps })
      : features;
    return linear(tape, normalised, this.#projection.weight, this.#projection.bias);
  }

  #mask(tape: Tape, x: Tensor, masks: FeatureMasks | undefined): Tensor {
    if (!masks) return x;
    const hidden = where(tape, masks.time, tape.reshape(this.#maskVector, [1, 1, this.#config.dim]), x);
    return masks.channels ? where(tape, masks.channels, tape.filled([1, 1, 1], 0), hidden) : hidden;
  }

  /**
   * Runs every schedule, sharing common prefixes.
   *
   * @param waveforms `[batch, samples, 1]`, normalised, padded with zeros
   * @param lengths   real samples of each utterance. Padding changes a real frame's result unless `attentionMask` is set; with a
   *                  group norm in the feature encoder it always does, as in the published models
   */
  forward(
    tape: Tape,
    waveforms: Tensor,
    lengths: readonly number[],
    schedules: readonly DepthSchedule[],
    options: EncoderOptions = {},
  ): Encoded {
    const { attentionMask, kind, normFirst, layerNormEps: eps } = this.#config;
    const encodedLengths = lengths.map((samples) => encodedFrames(this.#config, samples));
    const context = this.#context(tape, waveforms, encodedLengths); // upload first, so that copies do not split a compute pass
    const features = this.features(tape, waveforms);
    const x = tape.named("embedding", () =>
      this.embed(tape, features, attentionMask ? context.lengths : undefined, options.masks),
    );
    const ends = runSchedules(tape, x, this.#blocks, schedules, context, options);
    const hasFinalNorm = normFirst || kind === "wav2vec2_conformer";
    const states = hasFinalNorm
      ? ends.map((state) => layerNorm(tape, state, this.#norm.scale, this.#norm.shift, { eps }))
      : ends;
    return { states, lengths: encodedLengths, deviceLengths: context.lengths };
  }

  #context(tape: Tape, waveforms: Tensor, lengths: readonly number[]): BlockContext {
    const [batch, samples] = waveforms.shape as readonly [number, number, number];
    const frames = encodedFrames(this.#config, samples);
    if (frames === 0)
      throw new ShapeError(
        "wav2vec2 encoder",
        "waveforms",
        `at least ${receptiveField(this.#config)} samples`,
        showShape(waveforms.shape),
      );
    const { kind, positions, attentionMask, dim } = this.#config;
    const isRelative = kind === "wav2vec2_conformer" && positions === "relative";
    return {
      positions: isRelative ? tape.upload(relativePositions(frames, dim), [2 * frames - 1, dim]) : undefined,
      mask: attentionMask ? lengthMask(tape, lengths, frames) : undefined,
      lengths: tape.upload(Int32Array.from(lengths), [batch]),
    };
  }
}

/** The settings of wav2vec 2.0's Conformer block: batch norm, no biases and no padding mask in the convolution module. */
const conformerBlockConfig = (config: Wav2Vec2Config) =>
  ({
    ...config,
    convKernel: config.depthwiseKernel,
    convNorm: "batch_norm",
    convMask: "none",
    convBias: false,
    batchNormOver: "all",
    layerNormEps: 1e-5, // PyTorch's default in these blocks, whatever the config says
    batchNormEps: 1e-5,
    batchNormMomentum: 0.1,
  }) as const;
