/**
 * Sizes and conventions of the speech foundation models: wav2vec 2.0 (Baevski et al., 2020), HuBERT (Hsu et al., 2021), which has the
 * same encoder, and the Conformer variant of wav2vec 2.0 in fairseq and Hugging Face transformers.
 */
export interface Wav2Vec2Config {
  /** Which of these; determines parameter names and the kind of block. */
  readonly kind: "wav2vec2" | "hubert" | "wav2vec2_conformer";
  /** One value per frame: the input is the waveform. */
  readonly inputDim: 1;
  /** Number of output classes, including the blank. */
  readonly vocabulary: number;
  /** Class of the blank: the padding token of a published vocabulary. */
  readonly blank: number;
  readonly dim: number;
  readonly heads: number;
  readonly feedForwardDim: number;
  /** Activation of the feed-forward layers, and of the convolution module in "wav2vec2_conformer". */
  readonly activation: "gelu" | "silu";
  /** Physical blocks, which own parameters. */
  readonly blocks: number;

  /** The feature encoder: convolutions over the waveform, one entry per layer. */
  readonly convDims: readonly number[];
  readonly convKernels: readonly number[];
  readonly convStrides: readonly number[];
  readonly convBias: boolean;
  /** Norms in the feature encoder: "group", on the first layer only, with one group per channel over all frames; "layer", on every layer. */
  readonly featureNorm: "group" | "layer";
  /** Layer norm before the feature projection, which some HuBERT models lack. */
  readonly projectionNorm: boolean;

  /** Transformer blocks: pre-norm ("stable", as in the large models), or else post-norm, after the residual addition. */
  readonly normFirst: boolean;
  /** Kernel (in frames) and groups of the positional convolution. "wav2vec2_conformer" stores one that it does not use. */
  readonly positionalKernel: number;
  readonly positionalGroups: number;
  /** For "wav2vec2_conformer" only, as are the next two. */
  readonly positions: "relative" | "rotary" | "none";
  readonly rotaryBase: number;
  readonly depthwiseKernel: number;

  /**
   * Whether attention masks padding. Published models whose feature encoder has a group norm were trained without a mask: there,
   * every frame counts as real, including padding.
   */
  readonly attentionMask: boolean;
  readonly layerNormEps: number;

  /** After attention, after feed-forward and on the input of the blocks. */
  readonly dropout: number;
  /** Of the attention weights. */
  readonly attentionDropout: number;
  /** Within the feed-forward. */
  readonly activationDropout: number;
  /** On the projected features. */
  readonly featureDropout: number;
  /** Before the head. */
  readonly finalDropout: number;
  /** Do not train the feature encoder: its parameters get no gradients or moments. */
  readonly freezeFeatureEncoder: boolean;
}

/** wav2vec 2.0 base. */
export const wav2vec2Defaults: Omit<Wav2Vec2Config, "vocabulary"> = {
  kind: "wav2vec2",
  inputDim: 1,
  blank: 0,
  dim: 768,
  heads: 12,
  feedForwardDim: 3072,
  activation: "gelu",
  blocks: 12,
  convDims: [512, 512, 512, 512, 512, 512, 512],
  convKernels: [10, 3, 3, 3, 3, 2, 2],
  convStrides: [5, 2, 2, 2, 2, 2, 2],
  convBias: false,
  featureNorm: "group",
  projectionNorm: true,
  normFirst: false,
  positionalKernel: 128,
  positionalGroups: 16,
  positions: "none",
  rotaryBase: 10000,
  depthwiseKernel: 31,
  attentionMask: false,
  layerNormEps: 1e-5,
  dropout: 0,
  attentionDropout: 0,
  activationDropout: 0.1,
  featureDropout: 0,
  finalDropout: 0,
  freezeFeatureEncoder: true,
};
