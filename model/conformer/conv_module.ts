import type { Parameters } from "../../engine/parameters.ts";
import type { Tape } from "../../engine/tape.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { batchNorm } from "../../kernels/batch_norm/batch_norm.ts";
import { depthwiseConv } from "../../kernels/depthwise_conv/depthwise_conv.ts";
import { glu } from "../../kernels/glu/glu.ts";
import { layerNorm } from "../../kernels/layer_norm/layer_norm.ts";
import { linear } from "../../kernels/linear/linear.ts";
import { maskFrames } from "../../kernels/pointwise/mask_frames.ts";
import { gelu } from "../../kernels/pointwise/unary.ts";
import type { ConformerBlockConfig } from "./config.ts";
import { declareByDepth, type ByDepth } from "../depth_norms.ts";
import { declareNorm, declarePointwise, fanIn, ones, zeros, type LinearWeights, type NormWeights } from "../weights.ts";

/** Layer norm, or batch norm with its running statistics. */
interface ConvNorm extends NormWeights {
  readonly running?: { readonly mean: Tensor; readonly variance: Tensor };
}

/** The Conformer's convolution module: pointwise, GLU, depthwise over time, norm and activation (SiLU is fused into the norm's kernel), pointwise. */
export class ConvModule {
  readonly #expand: LinearWeights;
  readonly #depthwise: { readonly weight: Tensor; readonly bias: Tensor | undefined };
  readonly #norm: ByDepth<ConvNorm>;
  readonly #project: LinearWeights;
  readonly #config: ConformerBlockConfig;

  /** `norm` is the name of the norm within `name`. */
  constructor(parameters: Parameters, name: string, config: ConformerBlockConfig, norm = "norm") {
    const { dim, convKernel, convBias: bias = true } = config;
    this.#config = config;
    this.#expand = declarePointwise(parameters, `${name}.pointwise_conv1`, dim, 2 * dim, { bias });
    this.#depthwise = {
      weight: parameters.add(`${name}.depthwise_conv.weight`, [dim, 1, convKernel], { init: fanIn(convKernel) }),
      bias: bias
        ? parameters.add(`${name}.depthwise_conv.bias`, [dim], { init: fanIn(convKernel), decay: false })
        : undefined,
    };
    this.#norm = declareByDepth(`${name}.${norm}`, config.normDepths, (named) => {
      const affine = declareNorm(parameters, named, dim);
      if (config.convNorm === "layer_norm") return affine;
      const mean = parameters.addBuffer(`${named}.running_mean`, [dim], zeros);
      return { ...affine, running: { mean, variance: parameters.addBuffer(`${named}.running_var`, [dim], ones) } };
    });
    this.#project = declarePointwise(parameters, `${name}.pointwise_conv2`, dim, dim, { bias });
  }

  /**
   * @param x       `[batch, frames, dim]`, already normalised
   * @param lengths i32 `[batch]`: real frames
   * @param depth   logical depth of the path, if each depth has its own norm
   */
  forward(tape: Tape, x: Tensor, lengths: Tensor, depth?: number): Tensor {
    const { convMask } = this.#config;
    const input = convMask === "around_module" ? maskFrames(tape, x, lengths) : x;
    const gated = glu(tape, linear(tape, input, this.#expand.weight, this.#expand.bias));
    const masked = convMask === "before_depthwise" ? { lengths } : {};
    const mixed = depthwiseConv(tape, gated, this.#depthwise.weight, this.#depthwise.bias, masked);
    const active = this.#normaliseAndActivate(tape, mixed, lengths, this.#norm(depth));
    const y = linear(tape, active, this.#project.weight, this.#project.bias);
    return convMask === "around_module" ? maskFrames(tape, y, lengths) : y;
  }

  #normaliseAndActivate(tape: Tape, x: Tensor, lengths: Tensor, { scale, shift, running }: ConvNorm): Tensor {
    const { layerNormEps, batchNormEps: eps, batchNormMomentum: momentum, batchNormOver } = this.#config;
    const isSilu = (this.#config.activation ?? "silu") === "silu";
    const activation = isSilu ? "silu" : "none";
    const over = batchNormOver === "valid" && tape.training ? { lengths } : {};
    const normalised = running
      ? batchNorm(tape, x, scale, shift, running, { training: tape.training, momentum, eps, activation, ...over })
      : layerNorm(tape, x, scale, shift, { eps: layerNormEps, activation });
    return isSilu ? normalised : gelu(tape, normalised);
  }
}
