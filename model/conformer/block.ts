import type { Parameters } from "../../engine/parameters.ts";
import type { Tape } from "../../engine/tape.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { residual } from "../../kernels/dropout/residual.ts";
import { layerNorm } from "../../kernels/layer_norm/layer_norm.ts";
import type { ConformerBlockConfig } from "./config.ts";
import { ConvModule } from "./conv_module.ts";
import { declareByDepth, type ByDepth } from "../depth_norms.ts";
import { FeedForward } from "../feed_forward.ts";
import { SelfAttention } from "../self_attention.ts";
import { declareNorm, type NormWeights } from "../weights.ts";

/** A block's inputs besides its state: the same for every block of a path. */
export interface BlockContext {
  /** `[2 · frames - 1, dim]`; undefined unless positions are relative */
  readonly positions: Tensor | undefined;
  /** u32 `[batch, 1, 1, frames]`: 1 for real frames; undefined: all are real */
  readonly mask: Tensor | undefined;
  /** i32 `[batch]`: real frames */
  readonly lengths: Tensor;
  /** Logical depth of the path, if each depth has its own norms. */
  readonly depth?: number | undefined;
}

/** Random sites per layer: logical layer n uses sites n · SITES and up. */
const SITES = 8;

type Part = "firstFeedForward" | "attention" | "convolution" | "secondFeedForward" | "final";

/** Parameter names of a block's parts. */
export interface ConformerNames {
  readonly norms: Readonly<Record<Part, string>>;
  readonly firstFeedForward: string;
  readonly secondFeedForward: string;
  /** The two layers of each feed-forward. */
  readonly feedForwardLayers: readonly [string, string];
  /** The norm within the convolution module. */
  readonly convNorm: string;
}

export const espnetNames: ConformerNames = {
  norms: {
    firstFeedForward: "norm_ff_macaron",
    attention: "norm_mha",
    convolution: "norm_conv",
    secondFeedForward: "norm_ff",
    final: "norm_final",
  },
  firstFeedForward: "feed_forward_macaron",
  secondFeedForward: "feed_forward",
  feedForwardLayers: ["w_1", "w_2"],
  convNorm: "norm",
};

/** The residual stream after each of a block's parts, and its normalised result. */
export interface BlockStages {
  readonly afterFirstFeedForward: Tensor;
  readonly afterAttention: Tensor;
  readonly afterConvolution: Tensor;
  readonly afterSecondFeedForward: Tensor;
  readonly y: Tensor;
}

/**
 * Conformer block: half-step feed-forward, attention, convolution, half-step feed-forward, each pre-normalised and added to the
 * residual stream, then a final norm (Gulati et al., 2020, equation 1). The stream stays f32 even with f16 activations.
 */
export class ConformerBlock {
  readonly #firstFeedForward: FeedForward;
  readonly #attention: SelfAttention;
  readonly #convModule: ConvModule;
  readonly #secondFeedForward: FeedForward;
  readonly #norms: Record<Part, ByDepth<NormWeights>>;
  readonly #eps: number;
  readonly #dropout: number;

  /** `name` is for example "encoder.encoders.0", or "" for a standalone block. */
  constructor(parameters: Parameters, name: string, config: ConformerBlockConfig, names: ConformerNames = espnetNames) {
    const at = (part: string): string => (name === "" ? part : `${name}.${part}`);
    const feedForward = (part: string): FeedForward => {
      const [first, second] = names.feedForwardLayers;
      const { activation = "silu", activationDropout = config.dropout } = config;
      return new FeedForward(parameters, [`${at(part)}.${first}`, `${at(part)}.${second}`], {
        ...config,
        activation,
        dropout: activationDropout,
      });
    };
    const { positions = "relative", rotaryBase = 10000 } = config;
    this.#firstFeedForward = feedForward(names.firstFeedForward);
    this.#attention = new SelfAttention(parameters, at("self_attn"), { ...config, positions, rotaryBase });
    this.#convModule = new ConvModule(parameters, at("conv_module"), config, names.convNorm);
    this.#secondFeedForward = feedForward(names.secondFeedForward);
    const norms = (part: Part): ByDepth<NormWeights> =>
      declareByDepth(at(names.norms[part]), config.normDepths, (named) => declareNorm(parameters, named, config.dim));
    this.#norms = {
      firstFeedForward: norms("firstFeedForward"),
      attention: norms("attention"),
      convolution: norms("convolution"),
      secondFeedForward: norms("secondFeedForward"),
      final: norms("final"),
    };
    this.#eps = config.layerNormEps;
    this.#dropout = config.dropout;
  }

  /**
   * x `[batch, frames, dim]` to the same shape. The logical `layer` keys the random numbers; `residualScale` multiplies what each part
   * adds to the residual stream.
   */
  forward(tape: Tape, x: Tensor, context: BlockContext, layer: number, residualScale = 1): Tensor {
    return this.stages(tape, x, context, layer, residualScale).y;
  }

  stages(
    tape: Tape,
    x: Tensor,
    { positions, mask, lengths, depth }: BlockContext,
    layer: number,
    residualScale = 1,
  ): BlockStages {
    const site = layer * SITES;
    const norm = (part: Part, h: Tensor, dtype = tape.activation): Tensor => {
      const { scale, shift } = this.#norms[part](depth);
      return layerNorm(tape, h, scale, shift, { eps: this.#eps, dtype });
    };
    const add = (h: Tensor, update: Tensor, factor: number, place: number): Tensor =>
      residual(tape, h, update, factor * residualScale, this.#dropout, place);
    const afterFirstFeedForward = add(
      x,
      this.#firstFeedForward.forward(tape, norm("firstFeedForward", x), site),
      0.5,
      site + 1,
    );
    const attended = this.#attention.forward(tape, norm("attention", afterFirstFeedForward), positions, mask, site + 6);
    const afterAttention = add(afterFirstFeedForward, attended, 1, site + 2);
    const mixed = this.#convModule.forward(tape, norm("convolution", afterAttention), lengths, depth);
    const afterConvolution = add(afterAttention, mixed, 1, site + 3);
    const second = this.#secondFeedForward.forward(tape, norm("secondFeedForward", afterConvolution), site + 4);
    const afterSecondFeedForward = add(afterConvolution, second, 0.5, site + 5);
    const y = norm("final", afterSecondFeedForward, "f32");
    return { afterFirstFeedForward, afterAttention, afterConvolution, afterSecondFeedForward, y };
  }
}
