import type { Parameters } from "../../engine/parameters.ts";
import type { Tape } from "../../engine/tape.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { dropout } from "../../kernels/dropout/dropout.ts";
import { CtcHead } from "../ctc_head.ts";
import type { CtcModel, CtcOutput, EncoderOptions } from "../ctc_model.ts";
import type { DepthSchedule } from "../unfold.ts";
import type { Wav2Vec2Config } from "./config.ts";
import { Wav2Vec2Encoder } from "./encoder.ts";
import { encodedFrames, encoderStride, receptiveField } from "./feature_encoder.ts";
import { prefixOf } from "./names.ts";

/** Site of the dropout before the head, which all depths share. */
const HEAD_SITE = 0x40000002;

/** A wav2vec 2.0 or HuBERT encoder with a CTC head, under Hugging Face's parameter names. */
export class Wav2Vec2Ctc implements CtcModel {
  readonly config: Wav2Vec2Config;
  readonly encoder: Wav2Vec2Encoder;
  readonly head: CtcHead;
  readonly minInputFrames: number;
  readonly stride: number;
  readonly outputFrames: CtcModel["outputFrames"];
  readonly scopes: CtcModel["scopes"];
  readonly paddingMatters: boolean;

  constructor(parameters: Parameters, config: Wav2Vec2Config) {
    this.config = config;
    this.minInputFrames = receptiveField(config);
    this.stride = encoderStride(config);
    this.outputFrames = (samples) => encodedFrames(config, samples);
    // A group norm counts padding as sound, and nothing hides it from the Conformer blocks' convolution.
    this.paddingMatters =
      config.featureNorm === "group" || !config.attentionMask || config.kind === "wav2vec2_conformer";
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
