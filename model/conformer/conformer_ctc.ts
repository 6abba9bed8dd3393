import type { Parameters } from "../../engine/parameters.ts";
import type { Tape } from "../../engine/tape.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { dropout } from "../../kernels/dropout/dropout.ts";
import type { ConformerConfig } from "./config.ts";
import { CtcHead } from "../ctc_head.ts";
import type { CtcModel, CtcOutput, EncoderOptions, FrameCounts } from "../ctc_model.ts";
import { Encoder } from "./encoder.ts";
import { MIN_FRAMES, SUBSAMPLING, subsampledLength } from "./subsampling.ts";
import type { DepthSchedule } from "../unfold.ts";

export const conformerFrames = ({ convMask }: Pick<ConformerConfig, "convMask">): FrameCounts => ({
  outputFrames: subsampledLength,
  minInputFrames: MIN_FRAMES,
  stride: SUBSAMPLING,
  paddingMatters: convMask !== "before_depthwise",
});

/** Random site of the dropout before the head, beside the encoder's and a decoder's. */
const HEAD_SITE = 0x40000003;

/** A Conformer encoder with a CTC head, using ESPnet's parameter names. */
export class ConformerCtc implements CtcModel {
  readonly config: ConformerConfig;
  readonly encoder: Encoder;
  readonly head: CtcHead;
  readonly outputFrames: FrameCounts["outputFrames"];
  readonly minInputFrames: number;
  readonly stride: number;
  readonly paddingMatters: boolean;
  readonly scopes: CtcModel["scopes"] = { encoder: "encoder.", firstBlock: "encoder.encoders.0." };

  constructor(parameters: Parameters, config: ConformerConfig) {
    this.config = config;
    ({
      outputFrames: this.outputFrames,
      minInputFrames: this.minInputFrames,
      stride: this.stride,
      paddingMatters: this.paddingMatters,
    } = conformerFrames(config));
    this.encoder = new Encoder(parameters, "encoder", config);
    this.head = new CtcHead(parameters, "ctc_lo", config.dim, config.vocabulary);
  }

  /** Features `[batch, frames, inputDim]` to the logits of each schedule. */
  forward(
    tape: Tape,
    features: Tensor,
    lengths: readonly number[],
    schedules: readonly DepthSchedule[],
    options: EncoderOptions = {},
  ): CtcOutput {
    const encoded = this.encoder.forward(tape, features, lengths, schedules, options);
    const { ctcDropout = 0 } = this.config;
    const head = (state: Tensor): Tensor => this.head.forward(tape, dropout(tape, state, ctcDropout, HEAD_SITE));
    return { ...encoded, logits: tape.named("head", () => encoded.states.map(head)) };
  }
}
