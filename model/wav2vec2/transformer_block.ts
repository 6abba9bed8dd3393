import type { Parameters } from "../../engine/parameters.ts";
import type { Tape } from "../../engine/tape.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { residual } from "../../kernels/dropout/residual.ts";
import { layerNorm } from "../../kernels/layer_norm/layer_norm.ts";
import { cast } from "../../kernels/pointwise/cast.ts";
import type { BlockContext } from "../conformer/block.ts";
import { FeedForward } from "../feed_forward.ts";
import { SelfAttention } from "../self_attention.ts";
import { declareNorm, type NormWeights } from "../weights.ts";
import type { Wav2Vec2Config } from "./config.ts";
import { attentionNames, feedForwardLayers } from "./names.ts";

/** Random sites per layer: logical layer n uses sites n · SITES and up. */
const SITES = 8;

/**
 * Transformer block (Vaswani et al., 2017): attention and feed-forward, each added to the residual stream. Norms follow each addition
 * (post-norm, the base models) or precede attention and feed-forward (pre-norm, the large ones). The stream stays f32 even with f16
 * activations.
 */
export class TransformerBlock {
  readonly #attention: SelfAttention;
  readonly #feedForward: FeedForward;
  readonly #attentionNorm: NormWeights;
  readonly #finalNorm: NormWeights;
  readonly #config: Wav2Vec2Config;

  constructor(parameters: Parameters, name: string, config: Wav2Vec2Config) {
    const { dim, activation, activationDropout } = config;
    const [first, second] = feedForwardLayers;
    this.#attention = new SelfAttention(
      parameters,
      `${name}.attention`,
      { ...config, positions: "none" },
      attentionNames,
    );
    this.#attentionNorm = declareNorm(parameters, `${name}.layer_norm`, dim);
    this.#feedForward = new FeedForward(
      parameters,
      [`${name}.feed_forward.${first}`, `${name}.feed_forward.${second}`],
      { ...config, activation, dropout: activationDropout },
    );
    this.#finalNorm = declareNorm(parameters, `${name}.final_layer_norm`, dim);
    this.#config = config;
  }

  /** x `[batch, frames, dim]` to the same shape. The logical `layer` keys the random numbers. */
  forward(tape: Tape, x: Tensor, { mask }: Pick<BlockContext, "mask">, layer: number): Tensor {
    const site = layer * SITES;
    const { normFirst, dropout } = this.#config;
    const attend = (h: Tensor): Tensor => this.#attention.forward(tape, h, undefined, mask, site + 3);
    const transform = (h: Tensor): Tensor => this.#feedForward.forward(tape, h, site + 1);
    const add = (h: Tensor, update: Tensor, place: number): Tensor => residual(tape, h, update, 1, dropout, place);
    if (normFirst) {
      const attended = add(x, attend(this.#norm(tape, x, this.#attentionNorm, tape.activation)), site);
      return add(attended, transform(this.#norm(tape, attended, this.#finalNorm, tape.activation)), site + 2);
    }
    const attended = this.#norm(tape, add(x, attend(cast(tape, x, tape.activation)), site), this.#attentionNorm, "f32");
    return this.#norm(
      tape,
      add(attended, transform(cast(tape, attended, tape.activation)), site + 2),
      this.#finalNorm,
      "f32",
    );
  }

  #norm = (tape: Tape, x: Tensor, { scale, shift }: NormWeights, dtype: "f32" | "f16"): Tensor =>
    layerNorm(tape, x, scale, shift, { eps: this.#config.layerNormEps, dtype });
}
