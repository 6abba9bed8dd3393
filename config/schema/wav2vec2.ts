import * as z from "zod";
import { wav2vec2Defaults as base } from "../../model/wav2vec2/config.ts";
import { oneOf, positive, share, whole, yesOrNo } from "./fields.ts";

const sizes = (example: string) =>
  z
    .array(whole(1), { error: `expected a list of whole numbers such as ${example}` })
    .min(1, { error: "expected a list of at least one number" });

/** The keys of `Wav2Vec2Config`, with the defaults of wav2vec 2.0 base. */
export const wav2vec2Schema = z.strictObject({
  kind: oneOf("wav2vec2", "hubert", "wav2vec2_conformer").describe(
    "A speech foundation model that reads waveforms: wav2vec 2.0, HuBERT (the same encoder under other parameter names), or wav2vec 2.0 with Conformer blocks.",
  ),
  dim: whole(1).default(base.dim).describe("Channels of the blocks; a multiple of `heads` and of `positional_groups`."),
  heads: whole(1).default(base.heads).describe("Attention heads."),
  feed_forward_dim: whole(1).default(base.feedForwardDim).describe("Inner channels of the feed-forward modules."),
  activation: oneOf("gelu", "silu")
    .default(base.activation)
    .describe("Activation of the feed-forward modules and, in kind wav2vec2_conformer, the convolution module."),
  blocks: whole(1).default(base.blocks).describe("Physical blocks, which own parameters: the depth of the seed."),
  conv_dims: sizes("[512, 512]")
    .default([...base.convDims])
    .describe("Channels of each convolution in the feature encoder, which turns samples into frames."),
  conv_kernels: sizes("[10, 3]")
    .default([...base.convKernels])
    .describe("Kernel size of each convolution."),
  conv_strides: sizes("[5, 2]")
    .default([...base.convStrides])
    .describe("Stride of each convolution; their product is the number of samples per frame."),
  conv_bias: yesOrNo().default(base.convBias).describe("Whether these convolutions have biases."),
  feature_norm: oneOf("group", "layer")
    .default(base.featureNorm)
    .describe(
      "Norms of the feature encoder: a group norm over all frames after the first convolution, or a layer norm after each.",
    ),
  projection_norm: yesOrNo()
    .default(base.projectionNorm)
    .describe("Apply layer norm to the features before projecting them to `dim`."),
  norm_first: yesOrNo()
    .default(base.normFirst)
    .describe(
      "Normalise before attention and feed-forward (pre-norm), as in the large models; if false, after the residual addition.",
    ),
  positional_kernel: whole(1)
    .default(base.positionalKernel)
    .describe("Kernel size of the positional convolution, in frames."),
  positional_groups: whole(1).default(base.positionalGroups).describe("Groups of the positional convolution."),
  positions: oneOf("relative", "rotary", "none")
    .nullish()
    .describe(
      "Position encoding in the attention of kind wav2vec2_conformer, relative if left out; none for the other kinds.",
    ),
  rotary_base: positive().default(base.rotaryBase).describe("Base of the rotary position frequencies."),
  depthwise_kernel: whole(1)
    .default(base.depthwiseKernel)
    .describe("Kernel size of the depthwise convolution in kind wav2vec2_conformer, in frames; odd."),
  attention_mask: yesOrNo()
    .nullish()
    .describe(
      "Whether attention masks padding. If left out, as in the published models: not with a group norm, but with layer norms, which would amplify near-silent padding.",
    ),
  layer_norm_eps: positive().default(base.layerNormEps).describe("Added to the variance in layer norms."),
  dropout: share(0, 1)
    .default(base.dropout)
    .describe("Dropout probability during training: after attention, after feed-forward and before the blocks."),
  attention_dropout: share(0, 1)
    .default(base.attentionDropout)
    .describe("Dropout of the attention weights, after the softmax."),
  activation_dropout: share(0, 1).default(base.activationDropout).describe("Dropout within the feed-forward modules."),
  feature_dropout: share(0, 1).default(base.featureDropout).describe("Dropout on the projected features."),
  final_dropout: share(0, 1).default(base.finalDropout).describe("Dropout before the output layer."),
  freeze_feature_encoder: yesOrNo()
    .default(base.freezeFeatureEncoder)
    .describe("Do not train the feature encoder; its parameters get no gradients or moments."),
});
