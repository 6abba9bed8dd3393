import type { Parameters } from "../engine/parameters.ts";
import type { Tape } from "../engine/tape.ts";
import type { Tensor } from "../engine/tensor.ts";
import { batchNorm } from "../kernels/batch_norm/batch_norm.ts";
import { depthwiseConv } from "../kernels/depthwise_conv/depthwise_conv.ts";
import { glu } from "../kernels/glu/glu.ts";
import { layerNorm } from "../kernels/layer_norm/layer_norm.ts";
import { linear } from "../kernels/linear/linear.ts";
import { maskFrames } from "../kernels/pointwise/mask_frames.ts";
import type { ConformerConfig } from "./config.ts";
import { declareNorm, declarePointwise, fanIn, ones, zeros, type LinearWeights, type NormWeights } from "./weights.ts";

/** Pointwise, GLU, depthwise over time, norm and SiLU in one kernel, pointwise: the Conformer's local mixing. */
export class ConvModule {
  readonly #expand: LinearWeights;
  readonly #depthwise: { readonly weight: Tensor; readonly bias: Tensor };
  readonly #norm: NormWeights;
  readonly #running: { readonly mean: Tensor; readonly variance: Tensor } | undefined;
  readonly #project: LinearWeights;
  readonly #config: ConformerConfig;

  constructor(parameters: Parameters, name: string, config: ConformerConfig) {
    const { dim, convKernel } = config;
    this.#config = config;
    this.#expand = declarePointwise(parameters, `${name}.pointwise_conv1`, dim, 2 * dim);
    this.#depthwise = {
      weight: parameters.add(`${name}.depthwise_conv.weight`, [dim, 1, convKernel], { init: fanIn(convKernel) }),
      bias: parameters.add(`${name}.depthwise_conv.bias`, [dim], { init: fanIn(convKernel), decay: false }),
    };
    this.#norm = declareNorm(parameters, `${name}.norm`, dim);
    if (config.convNorm === "batch_norm")
      this.#running = {
        mean: parameters.addBuffer(`${name}.norm.running_mean`, [dim], zeros),
        variance: parameters.addBuffer(`${name}.norm.running_var`, [dim], ones),
      };
    this.#project = declarePointwise(parameters, `${name}.pointwise_conv2`, dim, dim);
  }

  /**
   * @param x       `[batch, frames, dim]`, already normalised
   * @param lengths i32 `[batch]`: real frames
   */
  forward(tape: Tape, x: Tensor, lengths: Tensor): Tensor {
    const { convMask } = this.#config;
    const entering = convMask === "around_module" ? maskFrames(tape, x, lengths) : x;
    const gated = glu(tape, linear(tape, entering, this.#expand.weight, this.#expand.bias));
    const masked = convMask === "before_depthwise" ? { lengths } : {};
    const mixed = depthwiseConv(tape, gated, this.#depthwise.weight, this.#depthwise.bias, masked);
    const active = this.#normaliseAndActivate(tape, mixed, lengths);
    const y = linear(tape, active, this.#project.weight, this.#project.bias);
    return convMask === "around_module" ? maskFrames(tape, y, lengths) : y;
  }

  #normaliseAndActivate(tape: Tape, x: Tensor, lengths: Tensor): Tensor {
    const activation = "silu";
    const { layerNormEps, batchNormEps: eps, batchNormMomentum: momentum, batchNormOver } = this.#config;
    const { scale, shift } = this.#norm;
    if (!this.#running) return layerNorm(tape, x, scale, shift, { eps: layerNormEps, activation });
    const over = batchNormOver === "valid" && tape.training ? { lengths } : {};
    return batchNorm(tape, x, scale, shift, this.#running, { training: tape.training, momentum, eps, activation, ...over });
  }
}
