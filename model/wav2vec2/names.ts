import type { ConformerNames } from "../conformer/block.ts";
import type { AttentionNames } from "../self_attention.ts";
import type { Wav2Vec2Config } from "./config.ts";

/** Prefix of the encoder's parameter names. All names here follow Hugging Face's files. */
export const prefixOf = ({ kind }: Pick<Wav2Vec2Config, "kind">): string => `${kind}.`;

export const attentionNames: AttentionNames = { query: "q_proj", key: "k_proj", value: "v_proj", out: "out_proj" };

export const feedForwardLayers = ["intermediate_dense", "output_dense"] as const;

/** For the blocks of `wav2vec2_conformer`. */
export const conformerNames: ConformerNames = {
  norms: {
    firstFeedForward: "ffn1_layer_norm",
    attention: "self_attn_layer_norm",
    convolution: "conv_module.layer_norm",
    secondFeedForward: "ffn2_layer_norm",
    final: "final_layer_norm",
  },
  firstFeedForward: "ffn1",
  secondFeedForward: "ffn2",
  feedForwardLayers,
  convNorm: "batch_norm",
};
