import type { Parameters } from "../../engine/parameters.ts";
import type { Tape } from "../../engine/tape.ts";
import type { Tensor } from "../../engine/tensor.ts";
import type { ConformerConfig } from "./config.ts";
import { ConformerCtc } from "./conformer_ctc.ts";
import type { CtcOutput, EncoderOptions } from "../ctc_model.ts";
import { AttentionDecoder, type DecoderConfig } from "../decoder/attention_decoder.ts";
import { lengthMask } from "../length_mask.ts";
import type { DepthSchedule } from "../unfold.ts";

/**
 * The paper's Conformer (Li et al., 2025): an encoder that unfolds, a CTC head and an attention decoder, both shared by all depths.
 * Parameter names are ESPnet's.
 */
export class ConformerHybrid extends ConformerCtc {
  readonly decoder: AttentionDecoder;
  override readonly scopes = { encoder: "encoder.", firstBlock: "encoder.encoders.0.", decoder: "decoder." };

  constructor(parameters: Parameters, config: ConformerConfig, decoder: Omit<DecoderConfig, "vocabulary" | "dim">) {
    super(parameters, config);
    const { dim, vocabulary } = config;
    this.decoder = new AttentionDecoder(parameters, "decoder", { ...decoder, dim, vocabulary });
  }

  /**
   * As `ConformerCtc.forward`, and with `options.tokens` also the decoder's logits of each schedule. The decoder drops the same
   * activations on every path, so that paths differ by their encoders alone.
   */
  override forward(
    tape: Tape,
    features: Tensor,
    lengths: readonly number[],
    schedules: readonly DepthSchedule[],
    options: EncoderOptions = {},
  ): CtcOutput {
    const { tokens, checkpointing = false, depths = schedules.map(({ length }) => length) } = options;
    if (!tokens) return super.forward(tape, features, lengths, schedules, options);
    // Before the encoder, so that no copy splits its compute pass.
    const embedded = tape.named("decoder", () => this.decoder.embed(tape, tokens));
    const mask = lengthMask(tape, lengths.map(this.outputFrames), this.outputFrames(features.shape[1] as number));
    const output = super.forward(tape, features, lengths, schedules, options);
    const decoded = tape.named("decoder", () =>
      output.states.map((states, path) => {
        const schedule = this.decoder.scheduleFor(depths[path] as number);
        return this.decoder.forward(tape, embedded, { states, mask }, { checkpointing, schedule });
      }),
    );
    return { ...output, decoded };
  }
}
