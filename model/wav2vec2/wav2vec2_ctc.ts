import type { Parameters } from "../../engine/parameters.ts";
import type { Tape } from "../../engine/tape.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { dropout } from "../../kernels/dropout/dropout.ts";
import { CtcHead } from "../ctc_head.ts";
import type { CtcModel, CtcOutput, EncoderOptions, FrameCounts } from "../ctc_model.ts";
import type { DepthSchedule } from "../unfold.ts";
import type { Wav2Vec2Config } from "./config.ts";
import { Wav2Vec2Encoder } from "./encoder.ts";
import { encodedFrames, encoderStride, receptiveField } from "./feature_encoder.ts";
import { prefixOf } from "./names.ts";

/** Random site of the dropout before the head, shared by all depths. */
const HEAD_SITE = 0x40000002;

/** Input frames are samples. */
export const wav2vec2Frames = (
  config: Pick<Wav2Vec2Config, "kind" | "convKernels" | "convStrides" | "featureNorm" | "attentionMask">,
): FrameCounts => ({
  outputFrames: (samples) => encodedFrames(config, samples),
  minInputFrames: receptiveField(config),
  stride: encoderStride(config),
  // A group norm includes padding in its statistics, and the Conformer blocks' convolution does not mask it.
  paddingMatters: config.featureNorm === "group" || !config.attentionMask || config.kind === "wav2vec2_conformer",
});

/** A wav2vec 2.0 or HuBERT encoder with a CTC head, using Hugging Face's parameter names. */
export class Wav2Vec2Ctc implements CtcModel {
  readonly config: Wav2Vec2Config;
  readonly encoder: Wav2Vec2Encoder;
  readonly head: CtcHead;
  readonly outputFrames: FrameCounts["outputFrames"];
  readonly minInputFrames: number;
  readonly stride: number;
  readonly paddingMatters: boolean;
  readonly scopes: CtcModel["scopes"];

  constructor(parameters: Parameters, config: Wav2Vec2Config) {
    this.config = config;
    ({
      outputFrames: this.outputFrames,
      minInputFrames: this.minInputFrames,
      stride: this.stride,
      paddingMatters: this.paddingMatters,
    } = wav2vec2Frames(config));
    this.scopes = { encoder: prefixOf(config), firstBlock: `${prefixOf(config)}encoder.layers.0.` };
    this.encoder = new Wav2Vec2Encoder(parameters, config);
    this.head = new CtcHead(parameters, "lm_head", config.dim, config.vocabulary);
  }

  /** Waveforms `[batch, samples, 1]`, normalised, to the logits of each schedule. */
  forward(
    tape: Tape,
    waveforms: Tensor,
    lengths: readonly number[],
    schedules: readonly DepthSchedule[],
    options: EncoderOptions = {},
  ): CtcOutput {
    const encoded = this.encoder.forward(tape, waveforms, lengths, schedules, options);
    const head = (state: Tensor): Tensor =>
      this.head.forward(tape, dropout(tape, state, this.config.finalDropout, HEAD_SITE));
    return { ...encoded, logits: tape.named("head", () => encoded.states.map(head)) };
  }
}
