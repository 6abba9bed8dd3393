import * as z from "zod";
import { wav2vec2Defaults as base } from "../../model/wav2vec2/config.ts";
import { oneOf, positive, share, whole, yesOrNo } from "./fields.ts";

const sizes = (example: string) =>
  z
    .array(whole(1), { error: `expected a list of whole numbers such as ${example}` })
    .min(1, { error: "expected a list of at least one number" });

/** The keys of `Wav2Vec2Config`; its defaults are those of wav2vec 2.0 base. */
export const wav2vec2Schema = z.strictObject({
  kind: oneOf("wav2vec2", "hubert", "wav2vec2_conformer").describe(
    "A speech foundation model that reads waveforms: wav2vec 2.0, HuBERT (the same under other names), or wav2vec 2.0 with Conformer blocks.",
  ),
  dim: whole(1).default(base.dim).describe("Channels of the blocks; a multiple of `heads` and of `positional_groups`."),
  heads: whole(1).default(base.heads).describe("Attention heads."),
  feed_forward_dim: whole(1).default(base.feedForwardDim).describe("Inner channels of the feed-forward modules."),
  activation: oneOf("gelu", "silu")
    .default(base.activation)
    .describe("Of the feed-forward modules, and of the convolution module of kind wav2vec2_conformer."),
  blocks: whole(1).default(base.blocks).describe("Physical blocks, which own parameters: the depth of the seed."),
  conv_dims: sizes("[512, 512]")
    .default([...base.convDims])
    .describe("Channels of each convolution of the feature encoder, which turns samples into frames."),
  conv_kernels: sizes("[10, 3]")
    .default([...base.convKernels])
    .describe("Width of each."),
  conv_strides: sizes("[5, 2]")
    .default([...base.convStrides])
    .describe("Stride of each; their product is the number of samples of a frame."),
  conv_bias: yesOrNo().default(base.convBias).describe("Whether they have biases."),
  feature_norm: oneOf("group", "layer")
    .default(base.featureNorm)
    .describe(
      "Norms of the feature encoder: a group norm of the first convolution, over all frames, or a layer norm of each.",
    ),
  projection_norm: yesOrNo()
    .default(base.projectionNorm)
    .describe("Layer norm of the features before they are projected to `dim`."),
  norm_first: yesOrNo()
    .default(base.normFirst)
    .describe("Norms before attention and feed-forward, as in the large models, or after the addition."),
  positional_kernel: whole(1).default(base.positionalKernel).describe("Frames that the positional convolution spans."),
  positional_groups: whole(1).default(base.positionalGroups).describe("Its groups."),
  positions: oneOf("relative", "rotary", "none")
    .nullish()
    .describe(
      "Positions in the attention of kind wav2vec2_conformer; relative there if left out, none of the other kinds.",
    ),
  rotary_base: positive().default(base.rotaryBase).describe("Base of the wavelengths of rotary positions."),
  depthwise_kernel: whole(1)
    .default(base.depthwiseKernel)
    .describe("Frames that the depthwise convolution of kind wav2vec2_conformer spans; odd."),
  attention_mask: yesOrNo()
    .nullish()
    .describe(
      "Whether padding is hidden from attention; if left out, as in the published models: not with a group norm, but with layer norms, which would blow up what little there is in silence.",
    ),
  layer_norm_eps: positive().default(base.layerNormEps).describe("Added to the variance in layer norms."),
  dropout: share(0, 1)
    .default(base.dropout)
    .describe(
      "Probability with which an activation after attention, feed-forward and before the blocks is dropped during training.",
    ),
  activation_dropout: share(0, 1).default(base.activationDropout).describe("The same within the feed-forward modules."),
  feature_dropout: share(0, 1).default(base.featureDropout).describe("The same of the projected features."),
  final_dropout: share(0, 1).default(base.finalDropout).describe("The same before the output layer."),
  freeze_feature_encoder: yesOrNo()
    .default(base.freezeFeatureEncoder)
    .describe("Do not train the feature encoder: neither gradients nor moments of its parameters."),
});
